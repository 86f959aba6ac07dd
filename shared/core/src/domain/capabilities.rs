//! What the vendors' protocols offer. The rules ask for a capability, never for a
//! vendor by its name.

use super::ids::Vendor;
use super::test_result::Scale;

/// What a vendor's protocol offers. It holds for whoever speaks the protocol, the
/// vendor or a stand-in, so it belongs to the vendor and not to a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it can be asked for one reservation's tests, so that an answer that
    /// names none proves that none was sold.
    pub look_up: bool,
    /// Whether it reports that a test is to be sat again. Elsewhere, news of an earlier
    /// stage is old news.
    pub reports_resets: bool,
    /// Whether what opens a test is made on each request, and uses up the rate limit.
    pub mints_links: bool,
    /// The scales of its scores, the usual one first.
    pub scales: &'static [Scale],
}

impl Vendor {
    pub const fn capabilities(self) -> Capabilities {
        match self {
            Vendor::Itep => {
                Capabilities { look_up: false, reports_resets: true, mints_links: false, scales: &[Scale::Itep] }
            }
            Vendor::Truenorth => Capabilities {
                look_up: true,
                reports_resets: false,
                mints_links: true,
                scales: &[Scale::Truenorth, Scale::Webcape],
            },
        }
    }
}

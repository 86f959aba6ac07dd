//! Times and durations as TrueNorth writes them.

use shared::vendors::truenorth::times::{duration, timestamp};

/// The largest .NET duration, in whole seconds.
const LONGEST: u64 = 10_675_200 * 86_400;

/// A text that may be a time, a duration, or neither.
pub(crate) fn times(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Some(time) = timestamp(&text) {
        assert_eq!(timestamp(&time.to_string()), Some(time));
        assert_eq!(timestamp(&format!(" {text}\n")), Some(time), "space around it does not matter");
    }
    if let Some(time) = duration(&text) {
        assert!(time.as_secs() < LONGEST);
        let (seconds, rest) = (time.as_secs(), time.subsec_nanos());
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
        let written = format!("{days}.{hours:02}:{:02}:{:02}.{rest:09}", seconds / 60 % 60, seconds % 60);
        assert_eq!(duration(&written), Some(time));
        assert!(timestamp(&text).is_none(), "a text is a time or a duration");
    }
}

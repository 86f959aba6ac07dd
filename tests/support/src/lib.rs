//! What the tests of several crates share.

pub mod figures;
pub mod seeded_bugs;

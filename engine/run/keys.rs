//! What a task asks of the user at the keyboard.

/// A wait for keys.
#[derive(Clone, Debug)]
pub struct Keys {
    /// What is shown first.
    pub text: String,
    /// Whether what is typed is shown.
    pub shown: bool,
    /// How long the user has; none for ever.
    pub seconds: Option<u64>,
    /// Keys that end the input, in small letters.
    pub complete: &'static [u8],
    /// Keys that interrupt it, in small letters. Without any it is the terminal's own, Ctrl+C.
    pub interrupt: &'static [u8],
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// With that input.
    Input(String),
    /// By a key that interrupts.
    Interrupted,
    /// The time is over.
    TimeOver,
    /// There is nobody who could press a key.
    Nobody,
}

//! The screen and the vocabulary.

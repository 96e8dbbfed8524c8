//! call-feedback

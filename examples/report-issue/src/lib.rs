//! report-issue

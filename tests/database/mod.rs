//! The SQL, called directly.

mod earn_points;
mod laws;

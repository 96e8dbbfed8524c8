//! Medians and percentiles.

/// The middle value; the mean of the two middle ones where their number is even. NaN of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// Times of many single operations, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<u32>);

impl Times {
    pub(crate) fn new(mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        Self(micros)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time within which `percent` of all operations were done, in milliseconds (nearest rank).
    pub(crate) fn percentile_ms(&self, percent: f64) -> f64 {
        if self.0.is_empty() {
            return f64::NAN;
        }
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        f64::from(self.0[rank.clamp(1, self.0.len()) - 1]) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_ignore_the_order_and_outliers() {
        assert_eq!(median(&[3.0, 1.0, 1000.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = Times::new((1..=1000).rev().collect());
        assert_eq!(times.len(), 1000);
        assert_eq!(times.percentile_ms(50.0), 0.5);
        assert_eq!(times.percentile_ms(99.0), 0.99);
        assert_eq!(times.percentile_ms(100.0), 1.0);
        assert_eq!(times.percentile_ms(0.0), 0.001);
        assert_eq!(Times::new(vec![40]).percentile_ms(99.0), 0.04);
        assert!(Times::default().percentile_ms(50.0).is_nan());
    }
}

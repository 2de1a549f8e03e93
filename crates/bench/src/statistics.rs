//! Medians and percentiles. Every figure says of how many runs it is, and how far they lie apart.

use serde_json::{Value, json};

/// Values in order, the least first.
#[derive(Debug, Clone)]
pub(crate) struct Sorted(Vec<f64>);

impl Sorted {
    /// Puts values in order.
    pub(crate) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The value that `part` of all values don't exceed (nearest rank); NaN if there are none.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let rank = (part * self.0.len() as f64).ceil() as usize;
        let index = rank.saturating_sub(1);
        self.0.get(index).copied().unwrap_or(f64::NAN)
    }

    /// The value in the middle.
    pub(crate) fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    /// The least value.
    pub(crate) fn min(&self) -> f64 {
        self.percentile(0.0)
    }

    /// The greatest value.
    pub(crate) fn max(&self) -> f64 {
        self.percentile(1.0)
    }

    /// For the JSON on standard output.
    pub(crate) fn to_json(&self) -> Value {
        json!({"median": self.median(), "min": self.min(), "max": self.max(), "runs": self.0.len()})
    }

    /// `median (min … max)`, or the value alone where there is only one.
    pub(crate) fn show(&self, digits: usize) -> String {
        if self.0.len() < 2 {
            return format!("{:.digits$}", self.median());
        }
        let (median, min, max) = (self.median(), self.min(), self.max());
        format!("{median:.digits$} ({min:.digits$} … {max:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let sorted = Sorted::new([5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!(sorted.show(0), "3 (1 … 5)");
        assert_eq!(sorted.to_json()["runs"], 5);
        let hundred = Sorted::new((1..=500).map(f64::from));
        assert_eq!(hundred.percentile(0.99).to_string(), "495");
        assert_eq!(Sorted::new([7.25]).show(1), "7.2");
        assert!(Sorted::new([]).median().is_nan());
    }
}

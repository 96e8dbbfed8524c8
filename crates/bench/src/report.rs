//! What was measured, beside its goal.

use std::fmt::Write as _;

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// How a figure stands to its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    /// Not worse than half as good.
    WithinHalf,
    Missed,
}

impl Goal {
    pub(crate) fn verdict(self, value: f64) -> Verdict {
        let (met, half) = match self {
            Self::AtLeast(goal) => (value >= goal, value >= goal / 2.0),
            Self::AtMost(goal) => (value <= goal, value <= goal * 2.0),
        };
        match (met, half) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::WithinHalf,
            // A figure that is none (NaN) is missed.
            (false, false) => Verdict::Missed,
        }
    }
}

/// One figure of a row.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) bare: String,
    /// What is compared with the goal.
    pub(crate) value: f64,
    /// Of the value; empty for a ratio.
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
}

impl Line {
    /// A rate beside that of the baseline: their ratio counts.
    pub(crate) fn rate(what: &str, ours: f64, bare: f64, goal: f64) -> Self {
        Self {
            what: what.to_owned(),
            ours: format!("{}/s", figure(ours)),
            bare: format!("{}/s", figure(bare)),
            value: ours / bare,
            unit: "",
            goal: Goal::AtLeast(goal),
        }
    }

    /// A time or an amount beside that of the baseline: the figure itself counts.
    pub(crate) fn amount(what: &str, ours: f64, bare: Option<f64>, unit: &'static str, goal: f64) -> Self {
        Self {
            what: what.to_owned(),
            ours: format!("{} {unit}", figure(ours)),
            bare: bare.map_or_else(|| "–".to_owned(), |bare| format!("{} {unit}", figure(bare))),
            value: ours,
            unit,
            goal: Goal::AtMost(goal),
        }
    }

    /// A time or an amount that may be so many times that of the baseline.
    pub(crate) fn times(what: &str, ours: f64, bare: f64, unit: &str, goal: f64) -> Self {
        Self {
            what: what.to_owned(),
            ours: format!("{} {unit}", figure(ours)),
            bare: format!("{} {unit}", figure(bare)),
            value: ours / bare,
            unit: "",
            goal: Goal::AtMost(goal),
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.goal.verdict(self.value)
    }

    fn shown_value(&self) -> String {
        let value = if self.unit.is_empty() {
            format!("{:.2}", self.value)
        } else {
            figure(self.value)
        };
        if self.unit.is_empty() {
            value
        } else {
            format!("{value} {}", self.unit)
        }
    }

    fn shown_goal(&self) -> String {
        let (sign, goal) = match self.goal {
            Goal::AtLeast(goal) => ("≥", goal),
            Goal::AtMost(goal) => ("≤", goal),
        };
        if self.unit.is_empty() {
            format!("{sign} {goal}")
        } else {
            format!("{sign} {goal} {}", self.unit)
        }
    }

    fn shown_verdict(&self) -> &'static str {
        match self.verdict() {
            Verdict::Met => "met",
            Verdict::WithinHalf => "within half",
            Verdict::Missed => "missed",
        }
    }

    /// The line as text for people.
    pub(crate) fn text(&self) -> String {
        format!(
            "  {:<44} {:>14} {:>14}   {:>10}  (goal {}: {})",
            self.what,
            self.ours,
            self.bare,
            self.shown_value(),
            self.shown_goal(),
            self.shown_verdict()
        )
    }
}

/// A number with about three digits.
fn figure(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 4,
    };
    format!("{value:.digits$}")
}

/// A row that was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) title: &'static str,
    pub(crate) baseline: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// The page `docs/performance.md`.
pub(crate) fn page(rows: &[Measured], cores: usize, rounds: usize) -> String {
    let mut page = format!(
        "# Performance

Every figure of Hallway stands beside that of a bare baseline: the same work with nothing around it. Both were
measured in one run, on one machine, against the same generator and receiver, with the same bodies, in turns;
each figure is the median of {rounds} rounds, except that memory per device is measured once
and starts are repeated more often. What counts is the column of the value: a ratio (Hallway's figure
divided by the baseline's) wherever there is no unit behind it. The other columns only show the order of
magnitude on the machine of this run, which had {cores} processor cores, shared by Hallway, generator and
receiver. They are no promise.

Repeat it with one command (five minutes; `--quick` takes two, and its figures are rougher):

```
cargo run --release -p hallway-bench -- --write
```

`-- ROW…` measures single rows, `-- --check` fails where a figure of the steadier rows is worse than half of its
goal, `-- --help` lists everything. Data lies beside the program on disk, so syncs are real ones.

| Work | Hallway | Baseline | Value | Goal | |
|---|---:|---:|---:|---:|---|
"
    );
    for row in rows {
        // Writing to a text cannot fail.
        writeln!(page, "| **{}** | | | | | |", row.title).ok();
        for line in &row.lines {
            writeln!(
                page,
                "| {} | {} | {} | {} | {} | {} |",
                line.what,
                line.ours,
                line.bare,
                line.shown_value(),
                line.shown_goal(),
                line.shown_verdict()
            )
            .ok();
        }
    }
    page.push_str("\n## The baselines\n\n");
    for row in rows {
        writeln!(page, "- **{}**: {}", row.title, row.baseline).ok();
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_goal_depends_on_its_direction() {
        assert_eq!(Goal::AtLeast(0.8).verdict(0.8), Verdict::Met);
        assert_eq!(Goal::AtLeast(0.8).verdict(0.41), Verdict::WithinHalf);
        assert_eq!(Goal::AtLeast(0.8).verdict(0.39), Verdict::Missed);
        assert_eq!(Goal::AtMost(1.5).verdict(1.5), Verdict::Met);
        assert_eq!(Goal::AtMost(1.5).verdict(2.9), Verdict::WithinHalf);
        assert_eq!(Goal::AtMost(1.5).verdict(3.1), Verdict::Missed);
        assert_eq!(Goal::AtMost(1.5).verdict(f64::NAN), Verdict::Missed);
    }

    #[test]
    fn ratios_have_no_unit() {
        let line = Line::rate("throughput", 900.0, 1000.0, 0.8);
        assert_eq!(
            (line.shown_value().as_str(), line.shown_goal().as_str()),
            ("0.90", "≥ 0.8")
        );
        let line = Line::amount("p50", 0.123_456, Some(0.1), "ms", 0.6);
        assert_eq!(
            (line.shown_value().as_str(), line.shown_goal().as_str()),
            ("0.1235 ms", "≤ 0.6 ms")
        );
        let measured = Measured {
            title: "T",
            baseline: "b",
            lines: vec![line],
        };
        assert!(
            page(&[measured], 2, 3).contains("| p50 | 0.1235 ms | 0.1000 ms | 0.1235 ms | ≤ 0.6 ms | met |")
        );
    }
}

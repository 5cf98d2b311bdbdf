//! The cost of a request along one size: a table and a goal.

use crate::report::{Goal, Goals, Table, number, prose};
use crate::statistics::Sample;

/// The limit for a step: its cost may grow by this factor more than linearly, to allow for noise.
const LINEAR: f64 = 1.1;

pub(super) struct Axis {
    pub(super) sizes: &'static str,
    pub(super) marks: Vec<(f64, String)>,
    pub(super) growth: Growth,
    pub(super) series: Vec<Series>,
}

/// The unit that a cost is measured for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// The cost of the whole request: linear growth is proportional to the size.
    OfAll,
    /// The cost of each item: linear growth is constant.
    OfEach,
}

pub(super) struct Series {
    pub(super) head: &'static str,
    pub(super) samples: Vec<Sample>,
}

impl Axis {
    /// Prints the table, and a remark below it.
    pub(super) fn print(&self, title: &str, note: &str) {
        print!("\n### {title}\n\n{}", self.table());
        if !note.is_empty() {
            println!("\n{}", prose(note));
        }
    }

    /// Adds the goal that no step of this series grows faster than linearly.
    pub(super) fn judge(&self, series: usize, what: &str, goals: &mut Goals) {
        let steps = (1..self.marks.len()).map(|at| (at, self.step(&self.series[series], at)));
        let (at, worst) = steps.max_by(|(_, a), (_, b)| a.median().total_cmp(&b.median())).expect("two sizes");
        let (from, to) = (&self.marks[at - 1].1, &self.marks[at].1);
        goals.judge(format!("{what}: worst step, {from} to {to}"), Goal::AtMost(LINEAR), "× linear", &worst);
    }

    /// Returns per round how much more the cost grew than linearly from the previous size.
    fn step(&self, series: &Series, at: usize) -> Sample {
        let linear = match self.growth {
            Growth::OfAll => self.marks[at].0 / self.marks[at - 1].0,
            Growth::OfEach => 1.0,
        };
        series.samples[at].of(&series.samples[at - 1]).iter().map(|ratio| ratio / linear).collect()
    }

    fn table(&self) -> Table {
        let heads = self.series.iter().flat_map(|series| [series.head, "range", "step"]);
        let mut table = Table::new(std::iter::once(self.sizes).chain(heads));
        for (at, (_, name)) in self.marks.iter().enumerate() {
            let cells = self.series.iter().flat_map(|series| {
                let sample = &series.samples[at];
                let step = if at == 0 { "-".to_owned() } else { number(self.step(series, at).median()) };
                [time(sample.median()), range(sample), step]
            });
            table.row(std::iter::once(name.clone()).chain(cells));
        }
        table
    }
}

impl Series {
    /// Returns per round the ratio of the most expensive size to the cheapest.
    pub(super) fn spread(&self) -> Sample {
        let by_median = |a: &&Sample, b: &&Sample| a.median().total_cmp(&b.median());
        let (least, most) = (self.samples.iter().min_by(by_median), self.samples.iter().max_by(by_median));
        most.expect("a size").of(least.expect("a size"))
    }
}

/// Formats the minimum and the maximum, with the unit once if both have the same.
fn range(sample: &Sample) -> String {
    let (least, most) = (time(sample.least()), time(sample.most()));
    match (least.split_once(' '), most.split_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number}–{most}"),
        _ => format!("{least} – {most}"),
    }
}

fn time(micros: f64) -> String {
    match micros {
        few if few < 1.0 => format!("{} ns", number(few * 1e3)),
        many if many >= 1e3 => format!("{} ms", number(many / 1e3)),
        _ => format!("{} µs", number(micros)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(growth: Growth, medians: [f64; 3]) -> Axis {
        let samples = medians.map(|median| Sample::from_iter([median])).into();
        Axis {
            sizes: "things",
            marks: [1.0, 10.0, 100.0].map(|size: f64| (size, size.to_string())).into(),
            growth,
            series: vec![Series { head: "cost", samples }],
        }
    }

    #[test]
    fn the_worst_step_is_judged() {
        let told = |axis: &Axis| {
            let mut goals = Goals::new();
            axis.judge(0, "things", &mut goals);
            goals.to_string()
        };
        let linear = told(&axis(Growth::OfAll, [1.0, 5.0, 54.0]));
        assert!(
            linear.contains("10 to 100") && linear.contains("| met |") && linear.contains("1.08× linear"),
            "{linear}"
        );
        assert!(told(&axis(Growth::OfAll, [1.0, 12.0, 13.0])).contains("**not met**"));
        assert!(told(&axis(Growth::OfEach, [1.0, 1.2, 1.2])).contains("**not met**"));
    }

    #[test]
    fn the_dearest_is_told_of_the_cheapest() {
        assert_eq!(axis(Growth::OfEach, [3.0, 2.0, 5.0]).series[0].spread().median(), 2.5);
    }
}

//! The cost of a request along one size: a table and a goal.

use crate::report::{Goal, Goals, Table, number, prose};
use crate::statistics::Sample;

/// The limit for a step: its cost may grow by this factor more than linearly, to allow for noise.
const LINEAR: f64 = 1.1;

pub(super) struct Axis {
    /// The label of the sizes.
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

/// A measured series, in microseconds per size.
pub(super) struct Series {
    /// The heading of its columns in the table.
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
        let (at, worst) = self.worst(&self.series[series]);
        let (from, to) = (&self.marks[at - 1].1, &self.marks[at].1);
        goals.judge(format!("{what}: worst step, {from} to {to}"), Goal::AtMost(LINEAR), "× linear", &worst);
    }

    /// Returns the step with the fastest growth, and the number of its second size.
    fn worst(&self, series: &Series) -> (usize, Sample) {
        let steps = (1..self.marks.len()).map(|at| (at, self.step(series, at)));
        steps.max_by(|(_, a), (_, b)| a.median().total_cmp(&b.median())).expect("two sizes")
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
        let sizes = self.marks.iter().map(|(_, name)| name.clone());
        let mut table = Table::new([self.sizes.to_owned()].into_iter().chain(sizes).chain(["worst step".to_owned()]));
        for series in &self.series {
            let is_short = series.samples.iter().all(|sample| sample.median() < 1.0);
            let (unit, scale) = if is_short { ("ns", 1e3) } else { ("µs", 1.0) };
            let costs = series.samples.iter().map(|sample| number(sample.median() * scale));
            let worst = number(self.worst(series).1.median());
            table.row([format!("{}, {unit}", series.head)].into_iter().chain(costs).chain([worst]));
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
        assert!(linear.starts_with("Goals: 1 met"), "{linear}");
        let missed = told(&axis(Growth::OfAll, [1.0, 12.0, 13.0]));
        assert!(missed.contains("1 to 10 |") && missed.contains("1.20× linear ("), "{missed}");
        assert!(told(&axis(Growth::OfEach, [1.0, 1.2, 1.2])).starts_with("Goals: 0 met, 1 not met"));
    }

    #[test]
    fn the_dearest_is_told_of_the_cheapest() {
        assert_eq!(axis(Growth::OfEach, [3.0, 2.0, 5.0]).series[0].spread().median(), 2.5);
    }
}

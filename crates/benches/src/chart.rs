//! Pictures of how a cost grows: both axes logarithmic, so that growth in proportion is a straight line.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::number;

const SIZE: (u32, u32) = (840, 500);
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);
const REFERENCE: RGBColor = RGBColor(0x80, 0x80, 0x80);
/// Told apart by those too who see fewer colours.
const LINES: [RGBColor; 3] = [RGBColor(0x1f, 0x5f, 0xa8), RGBColor(0xc8, 0x5a, 0x11), RGBColor(0x3a, 0x8f, 0x6b)];

type Drawn = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) struct Chart {
    pub(crate) title: String,
    /// What the axis below tells, and its marks.
    pub(crate) sizes: String,
    pub(crate) marks: Vec<(f64, String)>,
    /// What the axis at the left tells, with its unit.
    pub(crate) costs: String,
    pub(crate) lines: Vec<Line>,
    /// Drawn in dashes.
    pub(crate) reference: Line,
}

/// Its points, from left to right.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Chart {
    pub(crate) fn write(&self, file: &Path) -> Drawn {
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        area.draw(&Text::new(&*self.title, (20, 14), text(21)))?;
        let (_, area) = area.split_vertically(46);
        let (names, plane) = area.split_vertically(28);
        self.name_lines(&names)?;
        self.draw_lines(&plane)?;
        plane.present()?;
        Ok(())
    }

    /// In one row, for a box among the lines hides some of them.
    fn name_lines(&self, area: &Area<'_>) -> Drawn {
        let mut left = 20;
        for (line, color) in self.lines.iter().zip(LINES) {
            area.draw(&PathElement::new([(left, 10), (left + 28, 10)], color.stroke_width(3)))?;
            left = name(area, &line.name, left + 36)?;
        }
        for dash in 0..3 {
            let start = left + 11 * dash;
            area.draw(&PathElement::new([(start, 10), (start + 6, 10)], REFERENCE.stroke_width(2)))?;
        }
        name(area, &self.reference.name, left + 36)?;
        Ok(())
    }

    fn draw_lines(&self, area: &Area<'_>) -> Drawn {
        let (sizes, costs) = self.ranges();
        let marks: Vec<f64> = self.marks.iter().map(|(size, _)| *size).collect();
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(28)
            .x_label_area_size(54)
            .y_label_area_size(78)
            .build_cartesian_2d(
            sizes.log_scale().with_key_points(marks),
            costs.clone().log_scale().with_key_points(round_numbers(&costs)),
        )?;
        let mark = |size: &f64| {
            self.marks.iter().find(|(other, _)| other == size).map_or_else(String::new, |(_, text)| text.clone())
        };
        chart
            .configure_mesh()
            .axis_style(INK)
            .bold_line_style(GRID)
            .label_style(text(15))
            .axis_desc_style(text(16))
            .x_desc(&*self.sizes)
            .y_desc(&*self.costs)
            .x_label_formatter(&mark)
            .y_label_formatter(&|cost| plain(*cost))
            .draw()?;
        let reference = cut(&self.reference.points, costs.end);
        chart.draw_series(DashedLineSeries::new(reference, 6, 5, REFERENCE.stroke_width(2)))?;
        for (line, color) in self.lines.iter().zip(LINES) {
            chart.draw_series(LineSeries::new(line.points.iter().copied(), color.stroke_width(3)))?;
            chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 4, color.filled())))?;
        }
        Ok(())
    }

    /// Of both axes: all that was measured, with some room.
    fn ranges(&self) -> (Range<f64>, Range<f64>) {
        let points = || self.lines.iter().flat_map(|line| line.points.iter().copied());
        let sizes = range(points().map(|(size, _)| size));
        let costs = range(points().map(|(_, cost)| cost));
        // However steep the reference is, a part of it is seen.
        let reference = range(self.reference.points.iter().map(|(_, cost)| *cost));
        let most = costs.end.max(reference.end.min(reference.start * 30.0));
        let room = (sizes.end / sizes.start).powf(0.03);
        (sizes.start / room..sizes.end * room, costs.start / 1.6..most * 1.6)
    }
}

fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (least, most) = values.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), v| (least.min(v), most.max(v)));
    least..most
}

/// What is below this cost, and the way up to it.
fn cut(points: &[(f64, f64)], most: f64) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for &(size, cost) in points {
        if cost <= most {
            kept.push((size, cost));
            continue;
        }
        if let Some(&(before, below)) = kept.last() {
            // Straight where both axes are logarithmic.
            let share = (most / below).ln() / (cost / below).ln();
            kept.push((before * (size / before).powf(share), most));
        }
        break;
    }
    kept
}

/// Where an axis has marks: at 1, 2 and 5, or at powers of ten alone when they are many.
fn round_numbers(range: &Range<f64>) -> Vec<f64> {
    let (first, last) = (range.start.log10().floor() as i32, range.end.log10().ceil() as i32);
    let digits: &[f64] = if last - first > 4 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let all = (first..=last).flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)));
    all.filter(|number| range.contains(number)).collect()
}

/// A round number, without noughts behind it.
fn plain(value: f64) -> String {
    let text = number(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// Where the next name begins.
fn name(area: &Area<'_>, line: &str, left: i32) -> Result<i32, Box<dyn Error>> {
    let style = text(15).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new(line, (left, 10), style))?;
    // An SVG's fonts are those of whoever looks at it.
    Ok(left + line.chars().count() as i32 * 7 + 28)
}

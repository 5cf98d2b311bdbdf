//! Charts of how a cost grows. Both axes are logarithmic, so proportional growth is a straight
//! line.

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
/// Colours that remain distinguishable with colour blindness.
const LINES: [RGBColor; 3] = [RGBColor(0x1f, 0x5f, 0xa8), RGBColor(0xc8, 0x5a, 0x11), RGBColor(0x3a, 0x8f, 0x6b)];

type Drawn = Result<(), Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) struct Chart {
    pub(crate) title: String,
    /// The label of the horizontal axis.
    pub(crate) sizes: String,
    pub(crate) marks: Vec<(f64, String)>,
    /// The label of the vertical axis, with its unit.
    pub(crate) costs: String,
    pub(crate) lines: Vec<Line>,
    /// A dashed line to compare with.
    pub(crate) reference: Line,
}

/// A named line with its points, from left to right.
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

    /// Draws the legend in a row above the chart, because a box inside it would hide parts of the
    /// lines.
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

    /// Returns the ranges of both axes: all measured points, with a margin.
    fn ranges(&self) -> (Range<f64>, Range<f64>) {
        let points = || self.lines.iter().flat_map(|line| line.points.iter().copied());
        let sizes = range(points().map(|(size, _)| size));
        let costs = range(points().map(|(_, cost)| cost));
        // Makes room for the start of the reference line, but at most for a factor of 30.
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

/// Returns the points up to this cost, and the point where the line reaches it.
fn cut(points: &[(f64, f64)], most: f64) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for &(size, cost) in points {
        if cost <= most {
            kept.push((size, cost));
            continue;
        }
        if let Some(&(before, below)) = kept.last() {
            // Interpolates in logarithms, because both axes are logarithmic.
            let share = (most / below).ln() / (cost / below).ln();
            kept.push((before * (size / before).powf(share), most));
        }
        break;
    }
    kept
}

/// Returns the marks of an axis: at 1, 2 and 5, or only at powers of ten if the range is wide.
fn round_numbers(range: &Range<f64>) -> Vec<f64> {
    let (first, last) = (range.start.log10().floor() as i32, range.end.log10().ceil() as i32);
    let digits: &[f64] = if last - first > 4 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let all = (first..=last).flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)));
    all.filter(|number| range.contains(number)).collect()
}

/// Formats a number without trailing zeros.
fn plain(value: f64) -> String {
    let text = number(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// Draws a name, and returns the position of the next one.
fn name(area: &Area<'_>, line: &str, left: i32) -> Result<i32, Box<dyn Error>> {
    let style = text(15).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new(line, (left, 10), style))?;
    // An estimate: the viewer of an SVG chooses the font.
    Ok(left + line.chars().count() as i32 * 7 + 28)
}

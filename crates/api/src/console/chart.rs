//! The chart of post-quantum share over time, one line per arm, as SVG.
//!
//! Drawn in two shapes, of which the style sheet shows one: shrinking a wide chart onto a phone would
//! shrink its text with it. Colours are names of the style sheet, so that light and dark both work. An
//! interval without a successful handshake is a gap: no data is not zero.

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use plotters::coord::Shift;
use plotters::coord::combinators::BindKeyPoints;
use plotters::prelude::{
    ChartBuilder, Circle, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, LineSeries, RGBColor,
    SVGBackend,
};
use plotters::style::{Color, IntoFont};

use crate::dto::{Arm, ShareSample};

/// Stand-ins for colours of the style sheet; plotters knows only numbers.
const INK: RGBColor = RGBColor(0, 0, 1);
const LINE: RGBColor = RGBColor(0, 0, 2);
const CONTROL: RGBColor = RGBColor(0, 0, 3);
const CANARY: RGBColor = RGBColor(0, 0, 4);
const VARIABLES: [(&str, &str); 4] = [
    ("\"#000001\"", "\"var(--muted)\""),
    ("\"#000002\"", "\"var(--line)\""),
    ("\"#000003\"", "\"var(--control)\""),
    ("\"#000004\"", "\"var(--canary)\""),
];

/// Seconds between labels on the time axis: the finest that leaves few enough labels is taken.
const TICKS: [i64; 12] = [
    10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800,
];

/// Width, height and labels on the time axis.
pub(super) struct Shape {
    pub(super) class: &'static str,
    size: (u32, u32),
    labels_max: i64,
}

pub(super) const WIDE: Shape = Shape {
    class: "wide",
    size: (760, 230),
    labels_max: 8,
};
pub(super) const NARROW: Shape = Shape {
    class: "narrow",
    size: (350, 200),
    labels_max: 4,
};

/// The chart as an `<svg>` element described by the element `label`; `None` without a drawable point.
pub(super) fn share(samples: &[ShareSample], shape: &Shape, label: &str) -> Option<String> {
    let lines = [
        (CONTROL, segments(samples, Arm::Control)),
        (CANARY, segments(samples, Arm::Canary)),
    ];
    let times = span(samples).filter(|_| lines.iter().any(|(_, segments)| !segments.is_empty()))?;
    let mut svg = String::new();
    draw(
        SVGBackend::with_string(&mut svg, shape.size).into_drawing_area(),
        shape,
        times,
        &lines,
    )
    .ok()?;
    Some(dress(&svg, shape, label))
}

/// Seconds since 1970 and share in per mille.
type Point = (i64, i64);
type Line = (RGBColor, Vec<Vec<Point>>);

/// The runs of consecutive intervals that had handshakes.
fn segments(samples: &[ShareSample], arm: Arm) -> Vec<Vec<Point>> {
    let of_arm = Vec::from_iter(samples.iter().filter(|sample| sample.arm == arm));
    let steps = of_arm
        .windows(2)
        .map(|pair| pair[1].at.as_second() - pair[0].at.as_second());
    let step_max = steps
        .filter(|step| *step > 0)
        .min()
        .map_or(i64::MAX, |step| step + step / 2);
    let mut segments: Vec<Vec<Point>> = Vec::new();
    let mut previous: Option<i64> = None;
    for sample in of_arm {
        let at = sample.at.as_second();
        let Some(share) = permille(sample) else {
            previous = None;
            continue;
        };
        match segments
            .last_mut()
            .filter(|_| previous.is_some_and(|previous| at - previous <= step_max))
        {
            Some(segment) => segment.push((at, share)),
            None => segments.push(vec![(at, share)]),
        }
        previous = Some(at);
    }
    segments
}

fn permille(sample: &ShareSample) -> Option<i64> {
    let succeeded = sample.handshakes.saturating_sub(sample.failures);
    let share = (u128::from(sample.post_quantum) * 1000).checked_div(u128::from(succeeded))?;
    i64::try_from(share.min(1000)).ok()
}

fn span(samples: &[ShareSample]) -> Option<Range<i64>> {
    let seconds = || samples.iter().map(|sample| sample.at.as_second());
    let (first, last) = (seconds().min()?, seconds().max()?);
    Some(first..last.max(first + TICKS[0]))
}

fn ticks(times: &Range<i64>, labels_max: i64) -> (i64, Vec<i64>) {
    let length = times.end - times.start;
    let step = TICKS
        .into_iter()
        .find(|step| length / step <= labels_max)
        .unwrap_or(length / labels_max);
    let first = (times.start + step - 1).div_euclid(step) * step;
    (
        step,
        (0..)
            .map(|index| first + index * step)
            .take_while(|tick| *tick <= times.end)
            .collect(),
    )
}

fn tick_label(seconds: i64, step: i64) -> String {
    let format = match step {
        ..60 => "%H:%M:%S",
        60..43_200 => "%H:%M",
        _ => "%m-%d %H:%M",
    };
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

type Failure<'a> = DrawingAreaErrorKind<<SVGBackend<'a> as plotters::prelude::DrawingBackend>::ErrorType>;

fn draw<'a>(
    area: DrawingArea<SVGBackend<'a>, Shift>,
    shape: &Shape,
    times: Range<i64>,
    lines: &[Line],
) -> Result<(), Failure<'a>> {
    let (step, ticks) = ticks(&times, shape.labels_max);
    let font = ("sans-serif", 15).into_font().color(&INK);
    let mut chart = ChartBuilder::on(&area)
        .margin_top(8)
        .margin_right(18)
        .x_label_area_size(24)
        .y_label_area_size(52)
        .build_cartesian_2d(
            times.with_key_points(ticks),
            (0_i64..1000).with_key_points(vec![0, 250, 500, 750, 1000]),
        )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(LINE)
        .axis_style(LINE)
        .label_style(font)
        .x_label_formatter(&|seconds| tick_label(*seconds, step))
        .y_label_formatter(&|share| format!("{} %", share / 10))
        .draw()?;
    for (colour, segments) in lines {
        for segment in segments {
            chart.draw_series(LineSeries::new(segment.iter().copied(), colour.stroke_width(2)))?;
            let alone = segment.iter().filter(|_| segment.len() == 1);
            chart.draw_series(alone.map(|point| Circle::new(*point, 2, colour.filled())))?;
        }
    }
    area.present()
}

fn dress(svg: &str, shape: &Shape, label: &str) -> String {
    let open = format!(
        "<svg class=\"chart {}\" role=\"img\" aria-labelledby=\"{label}\" ",
        shape.class
    );
    let named = svg.replacen("<svg ", &open, 1);
    VARIABLES
        .iter()
        .fold(named, |svg, (number, variable)| svg.replace(number, variable))
}

#[cfg(test)]
mod tests {
    use super::{NARROW, WIDE, segments, share, tick_label, ticks};
    use crate::dto::{Arm, ShareSample};
    use jiff::Timestamp;

    fn samples(handshakes: &[(i64, u64)]) -> Vec<ShareSample> {
        let sample = |&(minute, handshakes): &(i64, u64)| ShareSample {
            at: Timestamp::from_second(1_795_000_020 + minute * 60).expect("test time"),
            route: "web".to_owned(),
            arm: Arm::Control,
            handshakes,
            post_quantum: handshakes / 2,
            failures: 0,
        };
        handshakes.iter().map(sample).collect()
    }

    fn lengths(handshakes: &[(i64, u64)]) -> Vec<usize> {
        segments(&samples(handshakes), Arm::Control)
            .iter()
            .map(Vec::len)
            .collect()
    }

    #[test]
    fn an_interval_without_handshakes_is_a_gap() {
        assert_eq!(lengths(&[(0, 5), (1, 5), (2, 0), (3, 5)]), [2, 1]);
    }

    #[test]
    fn an_absent_interval_is_a_gap() {
        assert_eq!(lengths(&[(0, 5), (1, 5), (5, 5), (6, 5), (7, 5)]), [2, 3]);
    }

    #[test]
    fn a_chart_without_a_point_is_not_drawn() {
        assert_eq!(share(&[], &WIDE, "label"), None);
        assert_eq!(share(&samples(&[(0, 0), (1, 0)]), &WIDE, "label"), None);
    }

    #[test]
    fn a_chart_takes_its_colours_from_the_style_sheet() {
        for shape in [WIDE, NARROW] {
            let svg = share(&samples(&[(0, 4), (1, 6), (2, 8)]), &shape, "label").expect("three points");
            assert!(
                svg.contains("var(--control)") && svg.contains("aria-labelledby=\"label\""),
                "{svg}"
            );
            assert!(
                !svg.contains('#') && !svg.contains("style="),
                "a colour or style of its own: {svg}"
            );
        }
    }

    #[test]
    fn a_single_sample_is_a_dot() {
        assert!(
            share(&samples(&[(0, 4)]), &WIDE, "label")
                .expect("one point")
                .contains("<circle")
        );
    }

    #[test]
    fn ticks_are_round_and_few() {
        for length in [5, 60, 600, 3_600, 86_400, 30 * 86_400] {
            let (step, ticks) = ticks(&(1_000..1_000 + length), 8);
            assert!(
                ticks.len() <= 9 && ticks.iter().all(|tick| tick % step == 0),
                "{length}: {ticks:?}"
            );
        }
        assert_eq!(tick_label(1_795_000_020, 60), "11:07");
    }
}

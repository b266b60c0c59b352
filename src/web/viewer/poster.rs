//! A drawn poster for every event: an arena at night, its lights set by the event's name.
//!
//! SVG attributes only, no style, so that the strictest content policy shows it.

use std::fmt::Write as _;

/// A small repeatable source of variety (xorshift64); nothing secret hangs on it.
struct Dice(u64);

impl Dice {
    /// FNV-1a of the name, so that one event always looks the same.
    fn of(name: &str) -> Self {
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// A whole number from `low` up to and including `high`.
    fn roll(&mut self, low: i64, high: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let span = (high - low + 1).unsigned_abs();
        low + i64::try_from(self.0 % span).unwrap_or(0)
    }
}

impl Dice {
    /// One of the colours.
    fn pick(&mut self, from: [&'static str; 6]) -> &'static str {
        let [first, ..] = from;
        usize::try_from(self.roll(0, 5)).ok().and_then(|at| from.get(at).copied()).unwrap_or(first)
    }
}

/// Haze above the crowd.
const HAZES: [&str; 6] = ["#5a1447", "#0a4a52", "#152c66", "#5c2312", "#2a1d78", "#0d4a33"];

/// Lamps above the middle; the corners keep their red and blue.
const LAMPS: [&str; 6] = ["#fff2dc", "#ffc766", "#d7b8ff", "#8fe6ff", "#ff9ecb", "#b8ffcf"];

/// Corners of the cage seen from a seat: a flat octagon around (800, 700).
const FLOOR: [(i64, i64); 8] =
    [(1330, 639), (1020, 556), (580, 556), (270, 639), (270, 761), (580, 844), (1020, 844), (1330, 761)];

/// Height of the fence.
const FENCE: i64 = 168;

/// The poster of an event, 1600 × 900, cropped by the page as it needs.
#[must_use]
pub fn arena(slug: &str) -> String {
    let mut dice = Dice::of(slug);
    let id = format!("a{:x}", dice.0 & 0xff_ffff);
    let (haze, lamp) = (dice.pick(HAZES), dice.pick(LAMPS));
    // Another seat for every event: nearer or farther, left or right.
    let wide = dice.roll(1_400, 1_600);
    let (left, top) =
        (800 - wide / 2 + dice.roll(-90, 90).clamp(-(1_600 - wide) / 2, (1_600 - wide) / 2), (1_600 - wide) * 9 / 22);
    let mut svg = String::with_capacity(9_000);
    let _infallible = write!(
        svg,
        "<svg class=\"poster-art\" viewBox=\"{left} {top} {wide} {}\" preserveAspectRatio=\"xMidYMid slice\" \
         aria-hidden=\"true\" focusable=\"false\">",
        wide * 9 / 16
    );
    svg.push_str(&paints(&id, haze, lamp));
    let _infallible = write!(
        svg,
        "<rect width=\"1600\" height=\"900\" fill=\"url(#{id}s)\"/>\
         <ellipse cx=\"330\" cy=\"470\" rx=\"760\" ry=\"420\" fill=\"url(#{id}r)\"/>\
         <ellipse cx=\"1270\" cy=\"470\" rx=\"760\" ry=\"420\" fill=\"url(#{id}b)\"/>"
    );
    svg.push_str(&crowd(&id, &mut dice));
    svg.push_str(&cage(&id));
    svg.push_str(&lights(&id, &mut dice));
    let _infallible = write!(svg, "<rect width=\"1600\" height=\"900\" fill=\"url(#{id}v)\"/></svg>");
    svg
}

/// Gradients and patterns, their ids kept apart from those of other posters on the page.
fn paints(id: &str, haze: &str, lamp: &str) -> String {
    let beam = |name: &str, colour: &str| {
        format!(
            "<linearGradient id=\"{id}{name}\" gradientUnits=\"userSpaceOnUse\" x1=\"0\" y1=\"70\" x2=\"0\" y2=\"760\">\
             <stop stop-color=\"{colour}\" stop-opacity=\".62\"/><stop offset=\".45\" stop-color=\"{colour}\" \
             stop-opacity=\".17\"/><stop offset=\"1\" stop-color=\"{colour}\" stop-opacity=\"0\"/></linearGradient>"
        )
    };
    let glow = |name: &str, colour: &str, opacity: &str| {
        format!(
            "<radialGradient id=\"{id}{name}\"><stop stop-color=\"{colour}\" stop-opacity=\"{opacity}\"/>\
             <stop offset=\"1\" stop-color=\"{colour}\" stop-opacity=\"0\"/></radialGradient>"
        )
    };
    format!(
        "<defs><filter id=\"{id}q\" x=\"0\" y=\"0\" width=\"1\" height=\"1\"><feGaussianBlur stdDeviation=\"5\"/></filter>\
         <linearGradient id=\"{id}s\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\"><stop stop-color=\"#04050a\"/>\
         <stop offset=\".42\" stop-color=\"{haze}\"/><stop offset=\".62\" stop-color=\"#0d1322\"/>\
         <stop offset=\"1\" stop-color=\"#07090f\"/></linearGradient>{}{}{}{}{}{}{}\
         <radialGradient id=\"{id}m\" cx=\".5\" cy=\".5\" r=\".62\"><stop stop-color=\"#f6f1e6\"/>\
         <stop offset=\".38\" stop-color=\"#c3c6d2\"/><stop offset=\".78\" stop-color=\"#4d566d\"/>\
         <stop offset=\"1\" stop-color=\"#252c40\"/></radialGradient>\
         <linearGradient id=\"{id}c\" x1=\"0\" x2=\"1\"><stop stop-color=\"#ff3b30\"/><stop offset=\".36\" \
         stop-color=\"#8f98ad\"/><stop offset=\".64\" stop-color=\"#8f98ad\"/><stop offset=\"1\" \
         stop-color=\"#2f80ff\"/></linearGradient>\
         <radialGradient id=\"{id}v\" cx=\".5\" cy=\".55\" r=\".78\"><stop offset=\".45\" stop-color=\"#05060a\" \
         stop-opacity=\"0\"/><stop offset=\"1\" stop-color=\"#05060a\" stop-opacity=\".86\"/></radialGradient>\
         <pattern id=\"{id}f\" width=\"26\" height=\"26\" patternUnits=\"userSpaceOnUse\">\
         <path d=\"M0 13 13 0 26 13 13 26Z\" fill=\"none\" stroke=\"#cfd6e6\" stroke-width=\"1.1\"/></pattern>\
         <pattern id=\"{id}h\" width=\"172\" height=\"120\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"scale(.62)\">\
         <path d=\"M0 120V44q6-14 18-15 2-19 14-19t14 19q13 2 18 18 7-9 15-10 1-17 12-17t12 17q11 1 17 13 6-12 16-14 \
         0-20 12-20t13 20q10 2 11 8V120Z\"/></pattern></defs>",
        beam("x", "#ff5a4a"),
        beam("y", lamp),
        beam("z", "#5b9bff"),
        glow("r", "#ff3b30", ".36"),
        glow("b", "#2f80ff", ".36"),
        glow("l", "#ffffff", ".95"),
        glow("k", lamp, ".5"),
    )
}

/// Rows of heads against the haze, and phones held up among them.
fn crowd(id: &str, dice: &mut Dice) -> String {
    let mut svg = String::new();
    for (row, (y, shade)) in [(412, "#07090f"), (446, "#06080e"), (482, "#05070c")].into_iter().enumerate() {
        let shift = dice.roll(0, 170);
        let _infallible = write!(
            svg,
            "<g transform=\"translate(-{shift} {y})\"><rect width=\"1780\" height=\"74\" fill=\"url(#{id}h)\"/>\
             <rect width=\"1780\" height=\"420\" y=\"54\" fill=\"{shade}\"/></g>"
        );
        for _ in 0..(11 - row * 2) {
            let (x, up, size) = (dice.roll(20, 1580), dice.roll(4, 34), dice.roll(14, 30));
            let _infallible = write!(
                svg,
                "<circle cx=\"{x}\" cy=\"{}\" r=\"{}.{}\" fill=\"#ffe9c4\" opacity=\".{}\"/>",
                y + up,
                size / 10,
                size % 10,
                dice.roll(45, 95)
            );
        }
    }
    svg
}

/// The cage: far fence, lit canvas, near fence.
fn cage(id: &str) -> String {
    let points = |up: i64| {
        FLOOR.iter().fold(String::new(), |mut list, (x, y)| {
            let _infallible = write!(list, "{x},{} ", y - up);
            list
        })
    };
    let (floor, rail) = (points(0), points(FENCE));
    let mut svg = format!(
        "<ellipse cx=\"800\" cy=\"800\" rx=\"760\" ry=\"120\" fill=\"#03040a\" opacity=\".7\"/>\
         <polygon points=\"270,471 580,388 1020,388 1330,471 1330,639 1020,556 580,556 270,639\" fill=\"url(#{id}f)\" \
         opacity=\".26\"/><polygon points=\"{floor}\" fill=\"url(#{id}m)\"/>\
         <polygon points=\"{floor}\" fill=\"none\" stroke=\"url(#{id}c)\" stroke-width=\"10\"/>\
         <ellipse cx=\"800\" cy=\"700\" rx=\"250\" ry=\"67\" fill=\"none\" stroke=\"#0b0d12\" stroke-opacity=\".3\" \
         stroke-width=\"7\"/>\
         <ellipse cx=\"800\" cy=\"690\" rx=\"520\" ry=\"130\" fill=\"url(#{id}k)\" opacity=\".55\"/>"
    );
    let _infallible = write!(
        svg,
        "<polygon points=\"{rail}\" fill=\"none\" stroke=\"#05070c\" stroke-width=\"17\" stroke-linejoin=\"round\"/>\
         <polygon points=\"{rail}\" fill=\"none\" stroke=\"url(#{id}c)\" stroke-width=\"5\" stroke-linejoin=\"round\"/>"
    );
    for (x, y) in FLOOR {
        let colour = match x {
            ..500 => "#ff3b30",
            1100.. => "#2f80ff",
            _ => "#5d677f",
        };
        let _infallible = write!(
            svg,
            "<path d=\"M{x} {y}V{}\" stroke=\"#05070c\" stroke-width=\"19\" stroke-linecap=\"round\"/>\
             <path d=\"M{x} {y}V{}\" stroke=\"{colour}\" stroke-width=\"6\" stroke-linecap=\"round\"/>",
            y - FENCE,
            y - FENCE
        );
    }
    let _infallible = write!(
        svg,
        "<polygon points=\"270,761 580,844 1020,844 1330,761 1330,593 1020,676 580,676 270,593\" fill=\"url(#{id}f)\" \
         opacity=\".13\"/>"
    );
    svg
}

/// The truss with its lamps, and a beam from each.
fn lights(id: &str, dice: &mut Dice) -> String {
    let mut beams = String::new();
    let mut lamps = String::new();
    for lamp in 0..11_i64 {
        let (x, y) = (100 + lamp * 140 + dice.roll(-24, 24), 64 + dice.roll(-5, 5));
        let paint = match lamp {
            ..4 => "x",
            4..7 => "y",
            _ => "z",
        };
        let aim = 800 + (x - 800) * dice.roll(-20, 62) / 100;
        let (wide, reach) = (dice.roll(70, 150), dice.roll(640, 780));
        let _infallible = write!(
            beams,
            "<polygon points=\"{},{y} {},{y} {},{reach} {},{reach}\" fill=\"url(#{id}{paint})\"/>",
            x - 7,
            x + 7,
            aim + wide,
            aim - wide
        );
        let _infallible = write!(
            lamps,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"44\" fill=\"url(#{id}l)\" opacity=\".55\"/>\
             <circle cx=\"{x}\" cy=\"{y}\" r=\"7\" fill=\"#fff\"/>"
        );
    }
    format!(
        "<g class=\"poster-beams\" filter=\"url(#{id}q)\">{beams}</g><path d=\"M0 34H1600M0 60H1600M0 60 40 34 80 60 120 34 160 60 200 34 240 60 \
         280 34 320 60 360 34 400 60 440 34 480 60 520 34 560 60 600 34 640 60 680 34 720 60 760 34 800 60 840 34 880 60 \
         920 34 960 60 1000 34 1040 60 1080 34 1120 60 1160 34 1200 60 1240 34 1280 60 1320 34 1360 60 1400 34 1440 60 \
         1480 34 1520 60 1560 34 1600 60\" fill=\"none\" stroke=\"#05070c\" stroke-width=\"5\"/>{lamps}"
    )
}

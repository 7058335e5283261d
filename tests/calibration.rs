//! Compares predicted profiles with measured ones: functions of known shape are run on CPython, and what
//! `concheck advise` says of them must fit.
//!
//! Needs `python3`; without one the test says so and passes. Other load on the machine stretches times, so that each
//! bound is generous: what is wrong by more than that is wrong on any machine.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod program;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use program::Project;
use serde_json::Value;

/// Functions that are measured, at least.
const FUNCTIONS: usize = 60;
/// The share whose dominant kind must be predicted (0.93 where the costs were measured).
const KINDS: f64 = 0.85;
/// The share whose time must lie in the predicted interval (0.97 there).
const INTERVALS: f64 = 0.80;
/// Other machines, versions and loads differ from the one that costs were measured on by this factor.
const SLACK: f64 = 4.0;
/// What taking the time of a call takes itself.
const CLOCK: f64 = 2e-6;
/// A call that takes less than this may be called trivial.
const SHORT: f64 = 2e-3;

#[derive(Debug)]
struct Measured {
    seconds: f64,
    computing: f64,
}

#[derive(Debug)]
struct Predicted {
    class: String,
    seconds: [f64; 2],
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/calibration")
}

#[expect(clippy::disallowed_methods, reason = "the functions are run on CPython")]
fn measure() -> Option<BTreeMap<String, Measured>> {
    let output = Command::new("python3")
        .arg("-B")
        .arg(folder().join("measure.py"))
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let measured = text.lines().map(|line| {
        let mut words = line.split(' ');
        let name = words.next().unwrap().to_owned();
        let mut number = || words.next().unwrap().parse().unwrap();
        let (seconds, computing) = (number(), number());
        (name, Measured { seconds, computing })
    });
    Some(measured.collect())
}

fn predict() -> BTreeMap<String, Predicted> {
    let project = Project::new(&[]);
    for name in ["work.py", "hand_over.py"] {
        project.write(name, &std::fs::read(folder().join(name)).unwrap());
    }
    let run = project.run(&["advise", ".", "--output-format", "json", "--isolated"]);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    let all = document["submissions"].as_array().unwrap().iter();
    let handed = all.filter(|submission| submission["path"].as_str().unwrap().ends_with("hand_over.py"));
    let predicted = handed.map(|submission| {
        let target = submission["target"].as_str().unwrap();
        let bound = |part: &str, index: usize| submission["profile"][part][index].as_f64().unwrap_or(f64::INFINITY);
        let sum = |index| {
            ["interpreter_s", "native_s", "wait_s"]
                .iter()
                .map(|part| bound(part, index))
                .sum()
        };
        let name = target.strip_prefix("work.").unwrap().to_owned();
        let predicted = Predicted {
            class: submission["class"].as_str().unwrap().to_owned(),
            seconds: [sum(0), sum(1)],
        };
        (name, predicted)
    });
    predicted.collect()
}

fn is_right_kind(predicted: &Predicted, measured: &Measured) -> bool {
    match predicted.class.as_str() {
        "cpu-bound" | "native" => measured.computing > 0.5,
        "io-bound" => measured.computing < 0.5,
        "mixed" => (0.05..0.95).contains(&measured.computing),
        "trivial" => measured.seconds < SHORT,
        _ => false,
    }
}

fn is_inside(predicted: &Predicted, measured: &Measured) -> bool {
    let [least, most] = predicted.seconds;
    (least / SLACK..=most * SLACK + CLOCK).contains(&measured.seconds)
}

#[test]
fn predicted_profiles_fit_what_cpython_measures() {
    let Some(measured) = measure() else {
        eprintln!("skipped: there is no python3 to measure with");
        return;
    };
    let predicted = predict();
    assert!(measured.len() >= FUNCTIONS, "only {} functions", measured.len());
    assert_eq!(
        measured.keys().collect::<Vec<_>>(),
        predicted.keys().collect::<Vec<_>>(),
        "each function is handed over once"
    );
    let (mut kinds, mut inside, mut wrong) = (0_u32, 0_u32, Vec::new());
    for (name, measured) in &measured {
        let predicted = &predicted[name];
        let (kind, fits) = (is_right_kind(predicted, measured), is_inside(predicted, measured));
        kinds += u32::from(kind);
        inside += u32::from(fits);
        if !kind || !fits {
            wrong.push(format!("{name}: {predicted:?}, {measured:?}"));
        }
    }
    let all = f64::from(u32::try_from(measured.len()).unwrap());
    let (kind_share, inside_share) = (f64::from(kinds) / all, f64::from(inside) / all);
    let report = format!(
        "{} functions: kind right {kind_share:.2}, time inside {inside_share:.2}\n{}",
        measured.len(),
        wrong.join("\n")
    );
    eprintln!("{report}");
    assert!(kind_share >= KINDS && inside_share >= INTERVALS, "{report}");
}

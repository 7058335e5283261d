//! The selection of files loses no finding: a run over the files that matter says what a run over all files says.

use std::fs;
use std::io;
use std::path::Path;

use concheck::config::Settings;
use concheck::facts::lower;
use concheck::finding::Confidence;
use concheck::knowledge::Knowledge;
use concheck::link::modules::ModuleTable;
use concheck::link::reach::reached_files;
use concheck::pipeline;
use concheck::source::{Sources, Wanted, discover};

fn settings() -> Settings {
    Settings {
        min_confidence: Confidence::Low,
        ..Settings::default()
    }
}

fn sources_below(folder: &Path) -> Sources {
    let paths = [folder.to_owned()];
    let wanted = Wanted {
        paths: &paths,
        ..Wanted::default()
    };
    discover(wanted, &settings(), &mut io::empty()).expect("the folder is there")
}

/// What is found in the files that matter, and in all files.
fn both_ways(sources: &Sources) -> [Vec<String>; 2] {
    [false, true].map(|every_file| {
        let settings = Settings {
            every_file,
            ..settings()
        };
        let outcome = pipeline::check(sources, &settings);
        let described = outcome.findings.iter().map(|finding| {
            let path = &sources.files[finding.place.file.index()].path;
            let (span, code) = (finding.place.span, finding.code);
            format!(
                "{path}:{}: {code} ({:?}): {}",
                span.start, finding.confidence, finding.message
            )
        });
        described.collect()
    })
}

#[test]
fn fixtures_say_the_same_with_and_without_the_selection() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut folders: Vec<_> = fs::read_dir(root)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let mut found = 0;
    for folder in folders {
        let sources = sources_below(&folder);
        let [selected, all] = both_ways(&sources);
        assert_eq!(selected, all, "{}", folder.display());
        found += all.len();
    }
    assert!(found > 0, "the fixtures have findings");
}

/// A project whose files lie around one that starts threads: below it, above it, and apart.
const PROJECT: [(&str, &str); 5] = [
    (
        "start.py",
        "import threading\nimport below\ndef start(target):\n    threading.Thread(target=target).start()\n\
         def run():\n    start(below.crunch)\n",
    ),
    (
        "below.py",
        "def crunch():\n    total = 0\n    for number in range(10**9):\n        total += number * number\n    return total\n",
    ),
    (
        "wrapper.py",
        "from start import start\ndef launch(target):\n    return start(target)\n",
    ),
    (
        "above.py",
        "import below\nfrom wrapper import launch\ndef go():\n    launch(below.crunch)\n",
    ),
    ("apart.py", "def add(left, right):\n    return left + right\n"),
];

#[test]
fn callers_and_callees_of_a_file_with_workers_matter_and_others_do_not() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in PROJECT {
        fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    let sources = sources_below(folder.path());
    let facts: Vec<_> = sources.files.iter().map(|file| lower(&file.text)).collect();
    let modules = ModuleTable::new(&sources.files);
    let reached = reached_files(&sources.files, &facts, &modules, Knowledge::builtin());
    let left_out: Vec<&str> = sources
        .files
        .iter()
        .zip(&reached)
        .filter(|(_, reached)| !**reached)
        .map(|(file, _)| file.path.rsplit('/').next().unwrap_or_default())
        .collect();
    assert_eq!(left_out, ["apart.py"]);
    let [selected, all] = both_ways(&sources);
    assert_eq!(selected, all);
    assert!(all.iter().any(|finding| finding.contains("CC101")), "{all:?}");
}

//! How the time of a run grows with the size of what is checked.
//!
//! Run it with `cargo bench --bench growth`. For each shape of project it prints the time of three sizes, each twice the
//! one before, and the growth exponent between the first and the last: 1 is linear, 2 is quadratic. No test looks at the
//! figures, because a busy machine would make it fail; anything above about 1.3 on an idle one deserves a look.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use concheck::config::Settings;
use concheck::pipeline;
use concheck::source::{Wanted, discover};

/// A kind of project: its name, the first size, and the files of a size.
struct Shape {
    name: &'static str,
    first_size: usize,
    files: fn(usize) -> Vec<(String, String)>,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "files that call each other",
        first_size: 50,
        files: calling_files,
    },
    Shape {
        name: "`if`s in one loop",
        first_size: 1000,
        files: branches,
    },
    Shape {
        name: "a chain of calls",
        first_size: 500,
        files: chain,
    },
    Shape {
        name: "entries of a dictionary",
        first_size: 4000,
        files: dictionary,
    },
    Shape {
        name: "classes below each other's bases",
        first_size: 200,
        files: classes,
    },
];

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for shape in SHAPES {
        let sizes = [shape.first_size, 2 * shape.first_size, 4 * shape.first_size];
        let mut seconds = Vec::new();
        for size in sizes {
            seconds.push(time_of(&(shape.files)(size))?.as_secs_f64());
        }
        let exponent = (seconds[2] / seconds[0]).log2() / 2.0;
        let figures: Vec<String> = sizes
            .iter()
            .zip(&seconds)
            .map(|(size, seconds)| format!("{size}: {:.0} ms", seconds * 1e3))
            .collect();
        writeln!(
            out,
            "{:34} {:46} exponent {exponent:.2}",
            shape.name,
            figures.join(", ")
        )?;
    }
    Ok(())
}

/// The shorter of two runs.
fn time_of(files: &[(String, String)]) -> io::Result<Duration> {
    let folder = tempfile::tempdir()?;
    for (name, text) in files {
        fs::write(folder.path().join(name), text)?;
    }
    let settings = Settings::default();
    let paths = [folder.path().to_owned()];
    let wanted = Wanted {
        paths: &paths,
        ..Wanted::default()
    };
    let sources = discover(wanted, &settings, &mut io::empty()).map_err(|error| io::Error::other(error.to_string()))?;
    let run = || {
        let started = Instant::now();
        let outcome = pipeline::check(&sources, &settings);
        assert_eq!(outcome.files, files.len(), "all files are looked at");
        started.elapsed()
    };
    Ok(run().min(run()))
}

/// The text that the parts of `count` make.
fn text_of(head: &str, count: usize, part: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for number in 0..count {
        let _ = write!(text, "{}", part(number));
    }
    text
}

/// Files of ten functions each, every function calls one of the file before; a pool runs the last.
fn calling_files(size: usize) -> Vec<(String, String)> {
    let file = |number: usize| {
        let before = number.saturating_sub(1);
        let head = format!("import threading\nfrom module{before} import work0, work1\nlock = threading.Lock()\n");
        let text = text_of(&head, 10, |function| {
            let other = function % 2;
            format!(
                "def work{function}(rows, limit={function}):\n    total = 0\n    with lock:\n        for row in rows:\n            \
                 total += len(row) * limit\n    return work{other}([total])\n"
            )
        });
        (
            format!("module{number}.py"),
            text + "if __name__ == '__main__':\n    threading.Thread(target=work0, args=([],)).start()\n",
        )
    };
    (0..size).map(file).collect()
}

/// One loop around many `if`s, each of which binds a name of its own and one that all share.
fn branches(size: usize) -> Vec<(String, String)> {
    let head = "import threading\ndef work(rows):\n    last = 0\n    for row in rows:\n";
    let body = text_of(head, size, |number| {
        format!("        if row == {number}:\n            name{number} = last\n            last = name{number}\n")
    });
    vec![(
        "branches.py".to_owned(),
        body + "threading.Thread(target=work, args=([],)).start()\n",
    )]
}

/// Functions of which each calls the next.
fn chain(size: usize) -> Vec<(String, String)> {
    let text = text_of("import threading\n", size, |number| {
        let next = (number + 1).min(size - 1);
        format!("def step{number}(value):\n    if value:\n        return step{next}(value)\n    return [value]\n")
    });
    vec![(
        "chain.py".to_owned(),
        text + "threading.Thread(target=step0, args=(1,)).start()\n",
    )]
}

/// A large literal that a function handed to a thread reads.
fn dictionary(size: usize) -> Vec<(String, String)> {
    let text = text_of("import threading\nTABLE = {\n", size, |number| {
        format!("    'key{number}': ['value{number}', {number}],\n")
    });
    let tail = "}\ndef work(key):\n    return TABLE[key][0]\nthreading.Thread(target=work, args=('key1',)).start()\n";
    vec![("table.py".to_owned(), text + tail)]
}

/// Classes that inherit from one of the sixteen before them and call a method that all have.
fn classes(size: usize) -> Vec<(String, String)> {
    let text = text_of(
        "import threading\nclass Class0:\n    def run(self):\n        return 1\n",
        size,
        |number| {
            let (own, above) = (number + 1, number / 16);
            format!(
                "class Class{own}(Class{above}):\n    def run(self):\n        self.state = super().run()\n        return self.state\n"
            )
        },
    );
    vec![(
        "classes.py".to_owned(),
        text + "threading.Thread(target=Class1().run).start()\n",
    )]
}

//! Odd input: nothing panics, nothing takes for ever, and the same input gives the same bytes.
#![expect(clippy::disallowed_methods, reason = "these tests run the binary")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// No input here may take longer, even in an unoptimised build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

fn check(directory: &Path, threads: &str) -> Output {
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_concheck"))
        .args([".", "--output-format", "json", "--isolated"])
        .current_dir(directory)
        .env_clear()
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .expect("concheck starts");
    assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
    output
}

/// Runs over files twice, with one thread and with two; both give the same report.
fn expect_steady(files: &[(&str, &[u8])]) -> serde_json::Value {
    let directory = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("a file can be written");
    }
    let first = check(directory.path(), "1");
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    assert!(
        matches!(first.status.code(), Some(0 | 1)),
        "{names:?}: {}: {}",
        first.status,
        String::from_utf8_lossy(&first.stderr)
    );
    let second = check(directory.path(), "2");
    assert_eq!(first.stdout, second.stdout, "{names:?}: two runs differ");
    serde_json::from_slice(&first.stdout).expect("the report is JSON")
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0..count {
        writeln!(text, "{}", line(number)).expect("a string takes text");
    }
    text
}

#[test]
fn text_that_is_hardly_python_is_read() {
    expect_steady(&[
        (
            "old.py",
            b"print 'a'\nexec 'x'\ntry:\n  pass\nexcept E, e:\n  raise E, 'x'\n`a`\n0777\n",
        ),
        (
            "broken.py",
            b"def f(:\n  class A(\nwith x as\n async def\n@\n[[[(((\n'''",
        ),
        ("bytes.py", b"x = '\xff\xfe'\n\x80\x81"),
        ("nul.py", b"x = 1\x00\nimport os\x00\n"),
        ("empty.py", b""),
        ("returns.py", b"x = 1\rdef f():\r  pass\r"),
        ("utf16.py", b"\xff\xfex\x00=\x001\x00\n\x00"),
    ]);
}

#[test]
fn deep_nesting_of_every_kind_is_read() {
    let deep = 5_000;
    let around = |open: &str, close: &str| format!("x = {}1{}\n", open.repeat(deep), close.repeat(deep));
    let indented = |head: &dyn Fn(usize) -> String| {
        let mut text = lines(900, |number| format!("{}{}", " ".repeat(number), head(number)));
        writeln!(text, "{}pass", " ".repeat(900)).expect("a string takes text");
        text
    };
    let texts = [
        around("(", ")"),
        around("[", "]"),
        around("{1:", "}"),
        around("f(", ")"),
        around("-", ""),
        around("not ", ""),
        around("lambda: ", ""),
        around("1 if x else ", ""),
        format!("x = a{}\n", ".b".repeat(deep)),
        format!("x = a{}\n", "[0]".repeat(deep)),
        format!("x = a{}\n", "()".repeat(deep)),
        format!("x = a{}\n", " + a".repeat(deep)),
        indented(&|_| "if x:".to_owned()),
        indented(&|number| format!("def f{number}():")),
        indented(&|number| format!("class C{number}:")),
        indented(&|_| "try:".to_owned()),
    ];
    for text in &texts {
        expect_steady(&[("deep.py", text.as_bytes())]);
    }
}

#[test]
fn programs_that_refer_to_themselves_are_solved() {
    expect_steady(&[
        ("one.py", b"from two import *\nfrom two import B\nimport two\nclass A(B): pass\nx = two.y\n"),
        ("two.py", b"from one import *\nfrom one import A\nimport one\nclass B(A): pass\ny = one.x\n"),
        (
            "classes.py",
            b"class A(B): pass\nclass B(A): pass\nclass C(C): pass\na = A()\na.f()\nA.g()\n\
              class D(A, B, C, D):\n  def __init__(self): super().__init__()\nD().x\n",
        ),
        ("decorators.py", b"@f\ndef f(x): return f\n@f(f)\ndef g(x): return g\ng(f)(g)(f)\n"),
        ("results.py", b"def f(): return f\nf()()()()\ndef h(*a, **k): return h(*a, h, **k, h=h)\nh(h)\ny = lambda f: f(f)\ny(y)\n"),
        (
            "containers.py",
            b"a = []\na.append(a)\nd = {}\nd['d'] = d\nd[d] = [d, a, (a,)]\nwhile 1:\n  a = (a, [a])\n  d = {'k': d}\n",
        ),
        ("partials.py", b"from functools import partial\np = partial(print)\nfor i in range(3):\n  p = partial(p, p)\np()\n"),
        ("aliases.py", b"from typing import *\nJ = Union[Dict[str, 'J'], List['J']]\ntype T = list[T]\n"),
    ]);
}

#[test]
fn calls_that_are_told_to_run_themselves_have_a_cost() {
    let text = "import threading\nfrom functools import partial, reduce\ndef work(rows):\n    \
                return list(map(map, rows)), reduce(reduce, rows), list(filter(partial(filter), rows))\n\
                threading.Thread(target=work, args=([],)).start()\n";
    expect_steady(&[("itself.py", text.as_bytes())]);
}

#[test]
fn sizes_that_rest_on_themselves_are_guessed() {
    let text = "from concurrent.futures import ThreadPoolExecutor\n\n\n\
        class Blur:\n\
        \x20   def apply(self, row):\n\
        \x20       return [sum(row[max(0, i - 2):i + 1]) for i in range(len(row))]\n\n\n\
        def run(row):\n\
        \x20   for step in (Blur(), Blur()):\n\
        \x20       row = step.apply(row)\n\
        \x20   return row\n\n\n\
        with ThreadPoolExecutor() as pool:\n\
        \x20   pool.submit(run, list(range(9))).result()\n";
    expect_steady(&[("sizes.py", text.as_bytes())]);
}

#[test]
fn a_diamond_of_forty_levels_is_no_explosion() {
    let mut text = "class L0: pass\nclass R0: pass\n".to_owned();
    text += &lines(40, |number| {
        let (above, number) = (number, number + 1);
        format!("class L{number}(L{above}, R{above}): pass\nclass R{number}(L{above}, R{above}): pass")
    });
    text += "x = L40()\nx.foo()\nx.bar\n";
    expect_steady(&[("diamond.py", text.as_bytes())]);
}

#[test]
fn many_small_functions_take_little_each() {
    let functions = lines(10_000, |number| {
        format!(
            "def f{number}(a, b=1):\n  x = a + b\n  return f{}(x)",
            number.saturating_sub(1)
        )
    });
    let classes = lines(1_500, |number| {
        let above = if number == 0 {
            "object".to_owned()
        } else {
            format!("C{}", number / 3)
        };
        format!(
            "class C{number}({above}):\n  def run(self, o):\n    return C{}().run(self)",
            number * 31 % 1_500
        )
    });
    let table = lines(3_000, |number| {
        format!("def g{number}(x):\n  return g{}(x)", number * 7 % 3_000)
    }) + "import threading\nT = {\n"
        + &lines(3_000, |number| format!("  'k{number}': g{number},"))
        + "}\nfor k in T:\n  threading.Thread(target=T[k]).start()\n";
    expect_steady(&[
        ("functions.py", functions.as_bytes()),
        ("classes.py", classes.as_bytes()),
        ("table.py", table.as_bytes()),
    ]);
}

#[test]
fn blocking_calls_are_found_at_the_end_of_long_chains_only() {
    let chain = |count: usize| {
        "import asyncio, time\ndef h0(): time.sleep(1)\n".to_owned()
            + &lines(count, |number| format!("def h{}(): h{number}()", number + 1))
            + &format!("async def main(): h{count}()\nasync def other(): await main()\nasyncio.run(other())\n")
    };
    let codes = |report: &serde_json::Value| report["findings"].as_array().map_or(0, Vec::len);
    assert_eq!(codes(&expect_steady(&[("short.py", chain(3).as_bytes())])), 1);
    assert_eq!(codes(&expect_steady(&[("long.py", chain(3_000).as_bytes())])), 0);
}

#[test]
fn links_in_a_circle_and_files_that_are_not_there_are_named() {
    let directory = tempfile::tempdir().expect("a folder can be made");
    fs::write(directory.path().join("fine.py"), "x = 1\n").expect("a file can be written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(".", directory.path().join("loop")).expect("a link can be made");
        symlink("self.py", directory.path().join("self.py")).expect("a link can be made");
        symlink("nowhere.py", directory.path().join("dangling.py")).expect("a link can be made");
    }
    let output = check(directory.path(), "2");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let missing = check(&directory.path().join("."), "1");
    assert_eq!(output.stdout, missing.stdout);
}

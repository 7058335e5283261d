//! What rules read, and how they write a finding.

use std::sync::OnceLock;

use crate::advice::{Assessment, assess};
use crate::config::{PythonVersion, Settings, StartMethod};
use crate::finding::{Confidence, Finding, Fix, Note, Place};
use crate::link::{Program, Submission};
use crate::summary::Summaries;
use crate::summary::child_memory::ChildMemory;
use crate::summary::event_loop::EventLoop;
use crate::summary::lifecycles::Lifecycles;
use crate::summary::locks::Locks;
use crate::summary::pickling::Pickling;
use crate::summary::pools::Pools;
use crate::summary::raises::Raises;
use crate::summary::sharing::Sharing;
use crate::summary::startup::Startup;

use super::Rule;

/// Everything that a rule may read.
pub struct Context<'a> {
    /// The linked program.
    pub program: &'a Program<'a>,
    /// What is true of each function.
    pub summaries: &'a Summaries<'a>,
    /// The settings of the run.
    pub settings: &'a Settings,
    assessments: Vec<OnceLock<Assessment>>,
    child_memory: OnceLock<ChildMemory>,
    event_loop: OnceLock<EventLoop>,
    lifecycles: OnceLock<Lifecycles>,
    locks: OnceLock<Locks>,
    pickling: OnceLock<Pickling>,
    pools: OnceLock<Pools>,
    raises: Raises<'a>,
    sharing: OnceLock<Sharing>,
    startup: OnceLock<Startup>,
}

impl<'a> Context<'a> {
    /// Puts together what rules read.
    #[must_use]
    pub fn new(program: &'a Program<'a>, summaries: &'a Summaries<'a>, settings: &'a Settings) -> Self {
        let assessments = program.submissions.iter().map(|_| OnceLock::new()).collect();
        Self {
            program,
            summaries,
            settings,
            assessments,
            child_memory: OnceLock::new(),
            event_loop: OnceLock::new(),
            lifecycles: OnceLock::new(),
            locks: OnceLock::new(),
            pickling: OnceLock::new(),
            pools: OnceLock::new(),
            raises: Raises::new(summaries),
            sharing: OnceLock::new(),
            startup: OnceLock::new(),
        }
    }

    /// What a submission runs and which worker suits it; `number` is its position in the program's list.
    #[must_use]
    pub fn assessment(&self, number: usize) -> &Assessment {
        let submission = &self.program.submissions[number];
        self.assessments[number].get_or_init(|| assess(self.program, self.summaries, submission))
    }

    /// ChildMemory, computed when it is first asked for.
    #[must_use]
    pub fn child_memory(&self) -> &ChildMemory {
        self.child_memory
            .get_or_init(|| ChildMemory::compute(self.program, self.summaries))
    }

    /// EventLoop, computed when it is first asked for.
    #[must_use]
    pub fn event_loop(&self) -> &EventLoop {
        self.event_loop
            .get_or_init(|| EventLoop::compute(self.program, self.summaries))
    }

    /// Lifecycles, computed when it is first asked for.
    #[must_use]
    pub fn lifecycles(&self) -> &Lifecycles {
        self.lifecycles
            .get_or_init(|| Lifecycles::compute(self.program, self.summaries))
    }

    /// Locks, computed when it is first asked for.
    #[must_use]
    pub fn locks(&self) -> &Locks {
        self.locks.get_or_init(|| Locks::compute(self.program, self.summaries))
    }

    /// Pickling, computed when it is first asked for.
    #[must_use]
    pub fn pickling(&self) -> &Pickling {
        self.pickling
            .get_or_init(|| Pickling::compute(self.program, self.summaries))
    }

    /// Pools, computed when it is first asked for.
    #[must_use]
    pub fn pools(&self) -> &Pools {
        self.pools.get_or_init(|| Pools::compute(self.program, self.startup()))
    }

    /// What functions may raise.
    #[must_use]
    pub fn raises(&self) -> &Raises<'a> {
        &self.raises
    }

    /// Sharing, computed when it is first asked for.
    #[must_use]
    pub fn sharing(&self) -> &Sharing {
        self.sharing
            .get_or_init(|| Sharing::compute(self.program, self.summaries))
    }

    /// Startup, computed when it is first asked for.
    #[must_use]
    pub fn startup(&self) -> &Startup {
        self.startup
            .get_or_init(|| Startup::compute(self.program, self.summaries))
    }

    /// Whether a way that starts in the program leads through a test: only what the test hands over goes it.
    #[must_use]
    pub fn leads_through_tests(&self, start: Place, way: &[Note]) -> bool {
        !self.program.is_test(start.file) && way.iter().any(|note| self.program.is_test(note.place.file))
    }

    /// The start methods that may be in force where the code fixes none, with where each holds.
    #[must_use]
    pub fn default_start_methods(&self) -> Vec<(StartMethod, String)> {
        if let Some(method) = self.settings.start_method {
            return vec![(method, "the configured start method".to_owned())];
        }
        use crate::config::Platform;
        let mut found = Vec::new();
        let spawning: Vec<&str> = self
            .settings
            .platforms
            .iter()
            .filter(|&&platform| platform != Platform::Linux)
            .map(|platform| platform.as_str())
            .collect();
        if !spawning.is_empty() {
            found.push((StartMethod::Spawn, format!("on {}", spawning.join(" and "))));
        }
        if self.settings.platforms.contains(&Platform::Linux) {
            let forkserver = PythonVersion::three(14);
            if self.settings.versions.reaches(forkserver) {
                found.push((StartMethod::Forkserver, "on Linux from Python 3.14".to_owned()));
            }
            if self.settings.versions.precedes(forkserver) {
                found.push((StartMethod::Fork, "on Linux before Python 3.14".to_owned()));
            }
        }
        found
    }

    /// Whether a submission is forwarded to callers that are judged on their own.
    #[must_use]
    pub fn is_judged_elsewhere(&self, submission: &Submission<'_>) -> bool {
        submission.forwarded
    }

    /// Starts a finding of a rule.
    #[must_use]
    pub fn finding(&self, rule: &Rule, place: Place, message: String) -> Draft {
        Draft {
            finding: Finding {
                code: rule.code,
                name: rule.name,
                severity: rule.severity,
                confidence: Confidence::High,
                place,
                message,
                related: Vec::new(),
                help: String::new(),
                measured: None,
                fix: None,
                fingerprint: String::new(),
            },
        }
    }
}

/// A finding that is being written.
#[derive(Debug)]
pub struct Draft {
    finding: Finding,
}

impl Draft {
    /// How sure it is; high where nothing is said.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.finding.confidence = confidence;
        self
    }

    /// Evidence at a place.
    #[must_use]
    pub fn note(mut self, place: Place, message: impl Into<String>) -> Self {
        self.finding.related.push(Note {
            place,
            message: message.into(),
        });
        self
    }

    /// A chain of evidence.
    #[must_use]
    pub fn notes(mut self, notes: impl IntoIterator<Item = Note>) -> Self {
        self.finding.related.extend(notes);
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.finding.help = help.into();
        self
    }

    /// A change to the source that does it.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.finding.fix = fix;
        self
    }

    /// The finding.
    #[must_use]
    pub fn done(self) -> Finding {
        self.finding
    }
}

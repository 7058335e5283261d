//! What differs between systems: process groups, and finding and ending what a measurement has left behind.

#[cfg(unix)]
pub(super) use unix::{adopt_orphans, cpu_seconds, end_leftovers, end_orphans, own_group, queue_seconds, signal_of};

#[cfg(not(unix))]
pub(super) use other::{adopt_orphans, cpu_seconds, end_leftovers, end_orphans, own_group, queue_seconds, signal_of};

/// The environment variable that marks everything that a measurement starts.
pub(super) const MARKER: &str = "CONCHECK_CONFIRM";

/// Whether measurements can be bounded on this system.
pub(super) const SUPPORTED: bool = cfg!(unix);

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Command, ExitStatus};
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

    use super::MARKER;

    /// Sweeps that end processes started meanwhile.
    const SWEEPS: usize = 50;

    /// Puts what is started into a process group of its own, away from the terminal's Ctrl-C.
    pub(in super::super) fn own_group(command: &mut Command) {
        command.process_group(0);
    }

    /// The signal that ended a process.
    pub(in super::super) fn signal_of(status: ExitStatus) -> Option<i32> {
        status.signal()
    }

    /// Ends the group of a process and everything that carries its mark; returns how many processes there were.
    pub(in super::super) fn end_leftovers(leader: u32, mark: &str) -> usize {
        if let Some(leader) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(leader, Signal::KILL);
        }
        let mut ended = 0;
        for sweep in 0..SWEEPS {
            let left = marked(mark);
            if left.is_empty() {
                break;
            }
            if sweep == 0 {
                ended = left.len();
            }
            for pid in left.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
            thread::sleep(Duration::from_millis(4));
        }
        ended
    }

    /// Has processes whose parents end become children of concheck, where the system offers that.
    pub(in super::super) fn adopt_orphans() {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }

    /// Ends what has got away from its group and shed its mark; only to be called when no interpreter runs.
    pub(in super::super) fn end_orphans() {
        for _ in 0..SWEEPS {
            let orphans = own_children();
            if orphans.is_empty() {
                return;
            }
            for pid in orphans.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
                let _ = waitpid(Some(pid), WaitOptions::empty());
            }
        }
    }

    fn own_children() -> Vec<i32> {
        let own = std::process::id().to_string();
        let is_child = |pid: &i32| stat_fields(*pid).get(1) == Some(&own);
        all_processes().into_iter().filter(is_child).collect()
    }

    fn all_processes() -> Vec<i32> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let pids = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let mut pids: Vec<i32> = pids.collect();
        pids.sort_unstable();
        pids
    }

    /// The live processes whose environment has the mark, where the system shows it (`/proc`).
    fn marked(mark: &str) -> Vec<i32> {
        let wanted = format!("{MARKER}={mark}");
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        let is_left = |pid: &i32| *pid != own && has_variable(*pid, &wanted) && !is_zombie(*pid);
        all_processes().into_iter().filter(is_left).collect()
    }

    fn has_variable(pid: i32, wanted: &str) -> bool {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|&byte| byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    }

    fn is_zombie(pid: i32) -> bool {
        stat_fields(pid)
            .first()
            .is_none_or(|state| state == "Z" || state == "X")
    }

    /// The fields of `/proc/PID/stat` after the name: the state comes first.
    fn stat_fields(pid: i32) -> Vec<String> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = text.rsplit_once(')').map_or("", |(_, after)| after);
        after.split_whitespace().map(str::to_owned).collect()
    }

    /// CPU seconds that processes have used so far, by the system's accounting.
    pub(in super::super) fn cpu_seconds(pids: &[i32]) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "ticks of a short run")]
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        let ticks = |pid: &i32| {
            let fields = stat_fields(*pid);
            let field = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
            field(11) + field(12)
        };
        pids.iter().map(ticks).sum::<f64>() / per_second
    }

    /// Seconds for which a process's main thread was ready to run and had no core, where the system counts them.
    pub(in super::super) fn queue_seconds(pid: i32) -> f64 {
        let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
        let waited = text.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok());
        waited.unwrap_or(0.0) * 1e-9
    }
}

#[cfg(not(unix))]
mod other {
    use std::process::{Command, ExitStatus};

    pub(in super::super) fn own_group(_command: &mut Command) {}

    pub(in super::super) fn signal_of(_status: ExitStatus) -> Option<i32> {
        None
    }

    pub(in super::super) fn adopt_orphans() {}

    pub(in super::super) fn end_orphans() {}

    pub(in super::super) fn end_leftovers(_leader: u32, _mark: &str) -> usize {
        0
    }

    pub(in super::super) fn cpu_seconds(_pids: &[i32]) -> f64 {
        0.0
    }

    pub(in super::super) fn queue_seconds(_pid: i32) -> f64 {
        0.0
    }
}

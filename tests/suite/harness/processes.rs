//! What a process has started, read from /proc.

/// Processes with this name below `pid`, at any depth.
pub fn descendants(pid: u32, name: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let all = all();
    let mut below = vec![pid];
    while let Some(parent) = below.pop() {
        for (child, _, its_name) in all.iter().filter(|(_, of, _)| *of == parent) {
            below.push(*child);
            if its_name == name {
                found.push(*child);
            }
        }
    }
    found
}

/// Whether a process is there and not only waiting to be reaped.
pub fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z')
}

/// Id, parent and name of every process.
fn all() -> Vec<(u32, u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("/proc is mounted");
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_owned();
        let parent = tail.split_whitespace().nth(1)?.parse().ok()?;
        Some((pid, parent, name))
    })
    .collect()
}

//! Log lines go to a thread that writes all that have come meanwhile at once: nobody waits for it.

use std::io::Write;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};

const MAX_WAITING: usize = 8192;
const MAX_BATCH_BYTES: usize = 64 * 1024;

pub struct Log {
    lines: SyncSender<String>,
}

impl Log {
    pub fn new() -> Log {
        let (lines, waiting) = sync_channel(MAX_WAITING);
        std::thread::spawn(move || write_all(&waiting));
        Log { lines }
    }

    /// A line for which there is no room is lost.
    pub fn write(&self, line: String) {
        let _ = self.lines.try_send(line);
    }
}

fn write_all(waiting: &Receiver<String>) {
    let mut batch = String::new();
    while let Ok(first) = waiting.recv() {
        batch.push_str(&first);
        while batch.len() < MAX_BATCH_BYTES {
            match waiting.try_recv() {
                Ok(line) => batch.push_str(&line),
                Err(_) => break,
            }
        }
        let _ = std::io::stdout().write_all(batch.as_bytes());
        let _ = std::io::stdout().flush();
        batch.clear();
    }
}

//! What `-o` does to what stands at its path. Each test has a folder of its own; no test touches a device of the system.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A private folder with a scenario that is solved at once.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("writing-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("institutions.csv"), "id,cash\nA,5\n").expect("a file");
    fs::write(folder.join("s.toml"), "version = 1\n").expect("a file");
    folder
}

fn run(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_delever"));
    command
        .args(["run", "s.toml", "--format", "json", "--no-timing", "-o"])
        .current_dir(folder);
    command
}

fn write_to(folder: &Path, path: &str) -> Output {
    run(folder).arg(path).output().expect("the program starts")
}

fn is_result(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value["status"] == "certified")
}

#[track_caller]
fn assert_written(output: &Output, file: &Path) {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{complaint}");
    let text = fs::read_to_string(file).expect("a file");
    assert!(is_result(&text), "{text}");
}

#[track_caller]
fn assert_refused(output: &Output, part: &str) {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{complaint}");
    assert!(complaint.contains(part), "{complaint}");
}

/// Names in a folder but for those of the scenario.
fn others(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name != "s.toml" && name != "institutions.csv");
    names.sort();
    names
}

#[test]
fn a_regular_file_is_replaced_whole_and_keeps_mode_and_owner() {
    let folder = folder("mode");
    for mode in [0o600, 0o640, 0o664, 0o400, 0o755, 0o2644] {
        let file = folder.join(format!("{mode:o}.json"));
        fs::write(&file, "old content that is longer than nothing").expect("a file");
        // Root may give files away; others keep what they have.
        let given = std::os::unix::fs::chown(&file, Some(4321), Some(4321)).is_ok();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("allowed");
        let before = fs::metadata(&file).expect("there");
        let open_before = fs::File::open(&file);
        assert_written(&write_to(&folder, &format!("{mode:o}.json")), &file);
        let after = fs::metadata(&file).expect("there");
        assert_eq!(after.mode() & 0o7777, mode, "{mode:o}");
        assert_eq!(
            (after.uid(), after.gid()),
            (before.uid(), before.gid()),
            "given away: {given}"
        );
        // Who had it open reads the old text to its end.
        assert_ne!(after.ino(), before.ino());
        if let Ok(mut open) = open_before {
            let mut text = String::new();
            open.read_to_string(&mut text).expect("readable");
            assert!(text.starts_with("old content"));
        }
        fs::remove_file(&file).expect("removable");
    }
    assert_eq!(others(&folder), [""; 0], "nothing is left behind");
}

#[test]
fn a_new_file_has_the_mode_of_new_files_and_may_have_a_long_name() {
    let folder = folder("new");
    fs::write(folder.join("plain"), "").expect("a file");
    let plain = fs::metadata(folder.join("plain")).expect("there").mode();
    let long = "n".repeat(255);
    assert_written(&write_to(&folder, &long), &folder.join(&long));
    assert_eq!(fs::metadata(folder.join(&long)).expect("there").mode(), plain);
    assert_eq!(others(&folder).len(), 2);
}

#[test]
fn links_stay_and_what_they_lead_to_is_replaced() {
    let folder = folder("links");
    fs::create_dir(folder.join("inner")).expect("a folder");
    let target = folder.join("inner/target.json");
    fs::write(&target, "old").expect("a file");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).expect("allowed");
    symlink("inner/target.json", folder.join("relative")).expect("a link");
    symlink(folder.join("relative"), folder.join("chain")).expect("a link");
    symlink("second", folder.join("inner/first")).expect("a link");
    symlink("inner/first", folder.join("dangling")).expect("a link");
    symlink("inner", folder.join("by_folder")).expect("a link");
    for name in ["relative", "chain", "by_folder/target.json"] {
        fs::write(&target, "old").expect("a file");
        assert_written(&write_to(&folder, name), &target);
        assert_eq!(fs::metadata(&target).expect("there").mode() & 0o777, 0o600);
    }
    // A link that leads nowhere yet makes the file that it names, where it names it.
    assert_written(&write_to(&folder, "dangling"), &folder.join("inner/second"));
    for link in ["relative", "chain", "dangling", "inner/first", "by_folder"] {
        let kind = folder.join(link).symlink_metadata().expect("there").file_type();
        assert!(kind.is_symlink(), "{link}");
    }
    symlink("b", folder.join("a")).expect("a link");
    symlink("a", folder.join("b")).expect("a link");
    assert_refused(&write_to(&folder, "a"), "circle of links");
    symlink("missing/file", folder.join("nowhere")).expect("a link");
    assert_refused(&write_to(&folder, "nowhere"), "nowhere could not be written");
}

#[test]
fn a_device_node_is_written_to_and_stays_one() {
    let folder = folder("node");
    // The numbers of the device that takes everything: a private node of it.
    let made = Command::new("mknod")
        .args(["null", "c", "1", "3"])
        .current_dir(&folder)
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("skipped: device nodes may not be made here");
        return;
    }
    if fs::OpenOptions::new()
        .append(true)
        .open(folder.join("null"))
        .is_err()
    {
        println!("skipped: device nodes may not be opened here");
        return;
    }
    symlink("null", folder.join("link")).expect("a link");
    for name in ["null", "link"] {
        let output = write_to(&folder, name);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{complaint}");
        let kind = fs::metadata(folder.join("null")).expect("there").file_type();
        assert!(kind.is_char_device(), "{name}: the node is gone");
    }
    assert!(
        folder
            .join("link")
            .symlink_metadata()
            .expect("there")
            .is_symlink()
    );
    assert_eq!(others(&folder), ["link", "null"]);
}

#[test]
fn a_pipe_in_the_folder_is_written_to_and_stays_one() {
    let folder = folder("fifo");
    let made = Command::new("mkfifo").arg("pipe").current_dir(&folder).status();
    assert!(made.expect("mkfifo starts").success());
    symlink("pipe", folder.join("link")).expect("a link");
    for name in ["pipe", "link"] {
        let mut writer = run(&folder)
            .arg(name)
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let path = folder.join("pipe");
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || send.send(fs::read_to_string(path)));
        let read = receive.recv_timeout(std::time::Duration::from_secs(60));
        // Where the pipe was replaced, its reader waits for ever: the test must not.
        let text = read.expect("something is written to the pipe").expect("text");
        assert!(is_result(&text), "{text}");
        assert_eq!(writer.wait().expect("ends").code(), Some(0));
        let kind = folder.join("pipe").symlink_metadata().expect("there").file_type();
        assert!(kind.is_fifo(), "{name}");
    }
    assert_eq!(others(&folder), ["link", "pipe"]);
}

#[test]
fn a_dash_and_a_link_to_an_open_file_are_written_to_directly() {
    let folder = folder("dash");
    let output = write_to(&folder, "-");
    assert_eq!(output.status.code(), Some(0));
    assert!(is_result(&String::from_utf8_lossy(&output.stdout)));
    assert_eq!(others(&folder), [""; 0], "no file has that name");
    assert_written(&write_to(&folder, "./-"), &folder.join("-"));
    fs::remove_file(folder.join("-")).expect("removable");
    if !Path::new("/proc/self/fd").exists() {
        println!("skipped: open files have no links here");
        return;
    }
    // A private link to standard output, which is a file that holds a line already.
    symlink("/proc/self/fd/1", folder.join("stdout")).expect("a link");
    let mut log = fs::File::create(folder.join("log")).expect("a file");
    log.write_all(b"before\n").expect("written");
    let inode = log.metadata().expect("there").ino();
    let output = run(&folder).arg("stdout").stdout(log).output().expect("starts");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = fs::read_to_string(folder.join("log")).expect("a file");
    assert!(text.strip_prefix("before\n").is_some_and(is_result), "{text}");
    assert_eq!(fs::metadata(folder.join("log")).expect("there").ino(), inode);
    assert!(
        folder
            .join("stdout")
            .symlink_metadata()
            .expect("there")
            .is_symlink()
    );
}

#[test]
fn a_folder_is_refused_with_words() {
    let folder = folder("folder");
    fs::create_dir(folder.join("there")).expect("a folder");
    symlink("there", folder.join("link")).expect("a link");
    for name in ["there", "there/", "link", "link/", ".", "missing/"] {
        assert_refused(&write_to(&folder, name), "it is a folder; name a file in it");
    }
    assert_refused(
        &write_to(&folder, "missing/file"),
        "missing/file could not be written",
    );
    assert_refused(
        &write_to(&folder, "s.toml/file"),
        "s.toml/file could not be written",
    );
    assert_eq!(others(&folder), ["link", "there"]);
    assert_eq!(others(&folder.join("there")), [""; 0]);
}

#[test]
fn several_files_go_into_a_folder_under_the_same_rules() {
    let folder = folder("several");
    let init = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_delever"));
        command
            .args(["init", name, "--institutions", "5", "--force"])
            .current_dir(&folder);
        command.output().expect("starts")
    };
    assert_eq!(init("made/below").status.code(), Some(0));
    let table = folder.join("made/below/assets.csv");
    fs::set_permissions(&table, fs::Permissions::from_mode(0o600)).expect("allowed");
    assert_eq!(init("made/below").status.code(), Some(0));
    assert_eq!(fs::metadata(&table).expect("there").mode() & 0o777, 0o600);
    assert_refused(
        &init("s.toml"),
        "s.toml could not be written: it is there and not a folder",
    );
    assert_refused(&init("-"), "`-` is not a folder");
    assert!(!folder.join("-").exists());
    // A link that leads nowhere is there, too.
    fs::create_dir(folder.join("linked")).expect("a folder");
    symlink("elsewhere", folder.join("linked/assets.csv")).expect("a link");
    let mut command = Command::new(env!("CARGO_BIN_EXE_delever"));
    let output = command
        .args(["init", "linked"])
        .current_dir(&folder)
        .output()
        .expect("starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.join("linked/elsewhere").exists());
}

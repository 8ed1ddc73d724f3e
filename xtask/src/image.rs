//! `cargo xtask image`: the image of the Dockerfile as an OCI archive, without Docker, and the same bytes each time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::run::{cargo, need_musl, need_target, output, root, show};

/// The user and the group, who own nothing; a number, as the kubelet cannot look up names for `runAsNonRoot`.
const USER: &str = "65532:65532";

/// The program in the image.
const PROGRAM: &str = "seawall";

/// When it was made: always the same.
const CREATED: &str = "1970-01-01T00:00:00Z";

const VERSION: &str = env!("CARGO_PKG_VERSION");

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Builds the program, packs it, and looks at what came of it.
pub(crate) fn image(args: &[&str]) -> Result<(), String> {
    let (profile, directory) = match args {
        [] => ("release", "release"),
        ["--quick"] => ("dev", "debug"),
        _ => return Err(format!("unknown arguments `{}`; known is --quick", args.join(" "))),
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => return Err(format!("images are made on x86_64 and aarch64; this is {other}")),
    };
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    need_target(&target)?;
    let compiler = format!("CC_{}", target.replace('-', "_"));
    let mut build =
        cargo(&["build", "--quiet", "--locked", "--profile", profile, "-p", "seawall", "--target", &target]);
    // It only makes the image larger.
    build.env("CARGO_PROFILE_DEV_DEBUG", "0");
    if std::env::var_os(&compiler).is_none() {
        build.env(&compiler, need_musl()?);
    }
    show(&mut build)?;
    let built = target_directory()?;
    let program = built.join(&target).join(directory).join(PROGRAM);
    let program = fs::read(&program).map_err(|e| format!("{}: {e}", program.display()))?;
    let archive = pack(&program, architecture)?;

    let place = built.join("image");
    fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
    let path = place.join(format!("seawall-{VERSION}-{architecture}.tar"));
    fs::write(&path, &archive).map_err(|e| format!("{}: {e}", path.display()))?;
    let read = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    run(&unpack(&read)?, &place)?;
    println!("{} ({} bytes, {})", path.display(), archive.len(), sha256(&archive));
    Ok(())
}

/// Where cargo builds into.
fn target_directory() -> Result<PathBuf, String> {
    let metadata = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|e| format!("cargo metadata: {e}"))?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "cargo names no target directory".to_owned())
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in digest(&SHA256, bytes).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A tar archive of files with their modes, owned by root, of no time.
fn tar(files: &[(String, u32, &[u8])]) -> Result<Vec<u8>, String> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, mode, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, name, *bytes).map_err(|e| format!("{name}: {e}"))?;
    }
    builder.into_inner().map_err(|e| e.to_string())
}

/// The files of a tar archive with their modes.
fn untar(archive: &[u8]) -> Result<BTreeMap<String, (u32, Vec<u8>)>, String> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().map_err(|e| e.to_string())? {
        let mut entry = entry.map_err(|e| e.to_string())?;
        let name = entry.path().map_err(|e| e.to_string())?.to_string_lossy().into_owned();
        let mode = entry.header().mode().map_err(|e| e.to_string())?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
        files.insert(name, (mode, bytes));
    }
    Ok(files)
}

/// An OCI image layout of one program, as a tar archive.
///
/// <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>
fn pack(program: &[u8], architecture: &str) -> Result<Vec<u8>, String> {
    let descriptor =
        |media: &str, bytes: &[u8]| json!({"mediaType": media, "digest": sha256(bytes), "size": bytes.len()});
    let layer = tar(&[(PROGRAM.to_owned(), 0o755, program)])?;
    let config = json!({
        "created": CREATED,
        "architecture": architecture,
        "os": "linux",
        "config": {
            "User": USER,
            "Entrypoint": [format!("/{PROGRAM}")],
            "Labels": {
                "org.opencontainers.image.title": PROGRAM,
                "org.opencontainers.image.version": VERSION,
                "org.opencontainers.image.source": env!("CARGO_PKG_REPOSITORY"),
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [sha256(&layer)]},
        "history": [{"created": CREATED, "created_by": "cargo xtask image"}],
    })
    .to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, config.as_bytes()),
        "layers": [descriptor(LAYER, &layer)],
    })
    .to_string();
    let mut described = descriptor(MANIFEST, manifest.as_bytes());
    described["platform"] = json!({"architecture": architecture, "os": "linux"});
    described["annotations"] = json!({
        "org.opencontainers.image.ref.name": VERSION,
        "io.containerd.image.name": format!("seawall.dev/seawall:{VERSION}"),
    });
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]}).to_string();
    let blob = |bytes: &[u8]| format!("blobs/{}", sha256(bytes).replace(':', "/"));
    tar(&[
        ("oci-layout".to_owned(), 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#),
        ("index.json".to_owned(), 0o644, index.as_bytes()),
        (blob(manifest.as_bytes()), 0o644, manifest.as_bytes()),
        (blob(config.as_bytes()), 0o644, config.as_bytes()),
        (blob(&layer), 0o644, &layer),
    ])
}

/// The program in an image, if all of the image is as it says of itself, and as the Dockerfile says.
fn unpack(archive: &[u8]) -> Result<Vec<u8>, String> {
    let files = untar(archive)?;
    let json = |name: &str, bytes: &[u8]| {
        serde_json::from_slice::<Value>(bytes).map_err(|e| format!("{name} in the image is no JSON: {e}"))
    };
    let file = |name: &str| {
        files.get(name).map(|(_, bytes)| bytes).ok_or_else(|| format!("the image has no {name}"))
    };
    let blob = |descriptor: &Value, media: &str| {
        let said = descriptor["digest"].as_str().unwrap_or_default();
        let bytes = file(&format!("blobs/{}", said.replace(':', "/")))?;
        let is_so = descriptor["mediaType"] == media
            && descriptor["size"].as_u64() == Some(bytes.len() as u64)
            && sha256(bytes) == said;
        if is_so { Ok(bytes) } else { Err(format!("a blob is not as the image says: {descriptor}")) }
    };
    if json("oci-layout", file("oci-layout")?)?["imageLayoutVersion"] != "1.0.0" {
        return Err("the image has another layout".to_owned());
    }
    let index = json("index.json", file("index.json")?)?;
    let manifest = json("the manifest", blob(&index["manifests"][0], MANIFEST)?)?;
    let config = json("the configuration", blob(&manifest["config"], CONFIG)?)?;
    let layer = blob(&manifest["layers"][0], LAYER)?;
    if config["rootfs"]["diff_ids"] != json!([sha256(layer)]) {
        return Err("the configuration speaks of another layer".to_owned());
    }
    let (user, entry) = dockerfile()?;
    if config["config"]["User"] != json!(user) || config["config"]["Entrypoint"] != entry {
        return Err(format!(
            "the Dockerfile has user {user} and entry point {entry}, the image {}",
            config["config"]
        ));
    }
    let content = untar(layer)?;
    match content.iter().next() {
        Some((name, (0o755, bytes))) if content.len() == 1 && entry == json!([format!("/{name}")]) => {
            Ok(bytes.clone())
        }
        _ => Err(format!("the image holds other files than its program: {:?}", content.keys())),
    }
}

/// The user and the entry point of the Dockerfile's last stage.
fn dockerfile() -> Result<(String, Value), String> {
    let path = root().join("Dockerfile");
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let last = text.split("\nFROM ").last().unwrap_or_default();
    let value = |word: &str| {
        let line = last.lines().find_map(|line| line.strip_prefix(word));
        line.map(str::trim).ok_or_else(|| format!("the Dockerfile has no {word}"))
    };
    if !last.starts_with("scratch\n") {
        return Err("the Dockerfile does not end with an image from scratch".to_owned());
    }
    let entry = serde_json::from_str(value("ENTRYPOINT ")?)
        .map_err(|e| format!("ENTRYPOINT in the Dockerfile: {e}"))?;
    Ok((value("USER ")?.to_owned(), entry))
}

/// Whether a program asks for a loader, which an empty image does not have.
///
/// A program header of type `PT_INTERP` names it (System V ABI, ELF-64 object files).
fn is_static(program: &[u8]) -> bool {
    let number = |at: usize, bytes: usize| {
        let slice = program.get(at..at + bytes)?;
        Some(slice.iter().rev().fold(0_usize, |all, byte| all << 8 | usize::from(*byte)))
    };
    let headers = || {
        let (first, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        (0..count).map(|i| number(first + i * size, 4)).collect::<Option<Vec<_>>>()
    };
    program.starts_with(b"\x7fELF\x02\x01") && headers().is_some_and(|types| !types.contains(&3))
}

/// Runs the program of an image where there is nothing else.
fn run(program: &[u8], place: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    if !is_static(program) {
        return Err("the program is not static: it would not start in an empty image".to_owned());
    }
    let path = place.join(PROGRAM);
    fs::write(&path, program).map_err(|e| format!("{}: {e}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    let said = output(Command::new(&path).env_clear().arg("--version"))?;
    let wanted = format!("{PROGRAM} {VERSION}");
    if said.trim() == wanted {
        Ok(())
    } else {
        Err(format!("the program says `{}`, not `{wanted}`", said.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_what_it_says_it_is() {
        let archive = pack(b"program", "amd64").unwrap();
        assert_eq!(archive, pack(b"program", "amd64").unwrap());
        assert_eq!(unpack(&archive).unwrap(), b"program");
        let files = untar(&archive).unwrap();
        assert_eq!(files.len(), 5);
        // What does not match its digest is noticed, however little it is.
        let changed = |from: &str, to: &str| {
            let changed: Vec<(String, u32, Vec<u8>)> = files
                .iter()
                .map(|(name, (mode, bytes))| {
                    let text = String::from_utf8(bytes.clone()).unwrap().replacen(from, to, 1);
                    (name.clone(), *mode, text.into_bytes())
                })
                .collect();
            let changed: Vec<(String, u32, &[u8])> =
                changed.iter().map(|(name, mode, bytes)| (name.clone(), *mode, &bytes[..])).collect();
            unpack(&tar(&changed).unwrap())
        };
        assert_eq!(changed("moon", "sun").unwrap(), b"program");
        for (from, to, said) in [
            ("image.title\":\"seawall", "image.title\":\"seawalm", "a blob is not as the image says"),
            ("program", "sprogram", "a blob is not as the image says"),
            ("1.0.0", "1.0.1", "the image has another layout"),
        ] {
            let error = changed(from, to).unwrap_err();
            assert!(error.contains(said), "{from}: {error}");
        }
    }

    #[test]
    fn the_dockerfile_makes_an_image_without_a_user_of_a_name() {
        let (user, entry) = dockerfile().unwrap();
        assert_eq!((user.as_str(), entry), (USER, json!([format!("/{PROGRAM}")])));
    }

    #[test]
    fn programs_with_a_loader_are_not_static() {
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(!is_static(&own), "tests are linked against the system's C library");
        assert!(!is_static(b"#!/bin/sh") && !is_static(b""));
        // One program header, PT_LOAD.
        let mut program = b"\x7fELF\x02\x01".to_vec();
        program.resize(64, 0);
        (program[32], program[54], program[56]) = (64, 56, 1);
        program.extend([1, 0, 0, 0]);
        assert!(is_static(&program));
        program[64] = 3;
        assert!(!is_static(&program));
    }
}

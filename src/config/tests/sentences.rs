//! Every wrong configuration and the whole sentence it is answered with.

use super::{accepted, refused};

#[test]
fn wrong_files_are_answered_with_one_sentence() {
    for (text, sentence) in WRONG {
        assert_eq!(refused(text, &[]), *sentence, "for {text}");
    }
}

/// A file, and the whole sentence it is answered with.
const WRONG: &[(&str, &str)] = &[
    // Keys.
    (
        "[uploader]\nlive_window_segmnts = 6",
        "uploader.live_window_segmnts (bakuhantam.toml:2) is not a setting: write uploader.live_window_segments",
    ),
    ("[sever]\n", "sever (bakuhantam.toml:1) is not a setting: write server"),
    (
        "[metrics]\npath_style = true",
        "metrics.path_style (bakuhantam.toml:2) is not a setting: write objects.s3.path_style",
    ),
    (
        "[metrics]\nwhatever = 1",
        "metrics.whatever (bakuhantam.toml:2) is not a setting: the settings of metrics are token",
    ),
    (
        "[objects.s3]\nsecret_access_kee = \"x\"",
        "objects.s3.secret_access_kee (bakuhantam.toml:2) is not a setting: write objects.s3.secret_access_key",
    ),
    (
        "[encoder]\nrenditions = [{ name = \"a\", heigth = 1 }]",
        "encoder.renditions[0].heigth (bakuhantam.toml:2) is not a setting: write encoder.renditions[0].height",
    ),
    (
        "[hosts]\nsite_file = \"x\"",
        "hosts.site_file (bakuhantam.toml:2) is not a setting: the settings of hosts are admin, api, cookie_domain, site",
    ),
    // Kinds.
    (
        "[uploader]\n\nconcurrency = \"eight\"",
        "uploader.concurrency (bakuhantam.toml:3) is the text \"eight\" and must be a whole number: write digits without \
         quotes, such as 8",
    ),
    (
        "[server]\nlisten = 8080",
        "server.listen (bakuhantam.toml:2) is the number 8080 and must be text: write it in quotes, such as \"127.0.0.1:8080\"",
    ),
    (
        "[ingest]\nenabled = \"yes\"",
        "ingest.enabled (bakuhantam.toml:2) is the text \"yes\" and must be a switch: write true or false without quotes",
    ),
    (
        "[cluster]\nnodes = \"http://a\"",
        "cluster.nodes (bakuhantam.toml:2) is the text \"http://a\" and must be a list: write [\"one\", \"two\"]",
    ),
    (
        "server = 1",
        "server (bakuhantam.toml:1) is the number 1 and must be a section: write [server] and its keys below it",
    ),
    ("[metrics]\ntoken = 12345", "metrics.token (bakuhantam.toml:2) is a number and must be text: write it in quotes"),
    ("[database]\npool_size = -1", "database.pool_size (bakuhantam.toml:2) cannot be -1: write 0 or more"),
    (
        "[database]\npool_size = 5000000000",
        "database.pool_size (bakuhantam.toml:2) cannot be 5000000000: write a smaller number",
    ),
    (
        "[[encoder.renditions]]\nname = \"a\"",
        "encoder.renditions[0].audio_kbps (bakuhantam.toml:1) is missing: add audio_kbps = 128",
    ),
    (
        "[server\n",
        "bakuhantam.toml:1 is not TOML (unclosed table, expected `]`): write lines such as key = \"text\" or key = 8",
    ),
    // Texts with a form.
    (
        "[server]\nlisten = \"localhost:8080\"",
        "server.listen (bakuhantam.toml:2) cannot be \"localhost:8080\": write an IP address and a port, such as \
         \"127.0.0.1:8080\" or \"0.0.0.0:8080\"",
    ),
    (
        "[server]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]",
        "server.trusted_proxies[1] (bakuhantam.toml:2) cannot be \"10.0.0.0/8\": write one IP address, such as \"10.0.0.5\"",
    ),
    (
        "[ingest]\ntakeover = \"new\"",
        "ingest.takeover (bakuhantam.toml:2) cannot be \"new\": write \"dead\" or \"always\"",
    ),
    ("[objects]\nkind = \"r2\"", "objects.kind (bakuhantam.toml:2) cannot be \"r2\": write \"folder\" or \"s3\""),
    ("[locale]\ndefault = \"fr\"", "locale.default (bakuhantam.toml:2) cannot be \"fr\": write \"id\" or \"en\""),
    (
        "[locale]\ntimezone = \"WIB\"",
        "locale.timezone (bakuhantam.toml:2) cannot be \"WIB\": write a name of the IANA time zone list, such as \"Asia/Jakarta\"",
    ),
    (
        "[server]\npublic_url = \"https://a.tv/\"",
        "server.public_url (bakuhantam.toml:2) cannot be \"https://a.tv/\": it ends with a slash: write it like \
         \"http://127.0.0.1:8080\"",
    ),
    (
        "[server]\npublic_url = \"a.tv\"",
        "server.public_url (bakuhantam.toml:2) cannot be \"a.tv\": it is not an address: write it like \"http://127.0.0.1:8080\"",
    ),
    (
        "[server]\npublic_url = \"https://a.tv?x=1\"",
        "server.public_url (bakuhantam.toml:2) cannot be \"https://a.tv?x=1\": it has a part after ? or #: write it like \
         \"http://127.0.0.1:8080\"",
    ),
    (
        "[cluster]\nnodes = [\"https://a.tv\", \"ftp://b.tv\"]",
        "cluster.nodes[1] (bakuhantam.toml:2) cannot be \"ftp://b.tv\": it begins with neither http:// nor https://: write it \
         like \"https://node-1.example.com\"",
    ),
    (
        "[cluster]\nnodes = [\"https://a.tv\", \"https://a.tv\"]",
        "cluster.nodes[1] (bakuhantam.toml:2) is \"https://a.tv\" a second time: remove it",
    ),
    (
        "[hosts]\nsite = \"https://a.tv\"",
        "hosts.site (bakuhantam.toml:2) cannot be \"https://a.tv\": write a host name alone, in small letters, without scheme, \
         port or path, such as \"example.com\"",
    ),
    (
        "[hosts]\napi = \"a.tv:8080\"",
        "hosts.api (bakuhantam.toml:2) cannot be \"a.tv:8080\": write a host name alone, in small letters, without scheme, \
         port or path, such as \"example.com\"",
    ),
    // Values that cannot be.
    (
        "[server]\nsecret_key = \"c2hvcnQ=\"",
        "server.secret_key (bakuhantam.toml:2) is not base64 of 32 bytes: write what `openssl rand -base64 32` prints",
    ),
    (
        "[database]\nurl = \"postgres://u:p@h/d\"",
        "server.secret_key is empty while database.url is PostgreSQL: write what `openssl rand -base64 32` prints, the same on \
         every node, or name a file that holds it by server.secret_key_file",
    ),
    (
        "[server]\nsecret_key = \"\"\n[cluster]\nnodes = [\"https://a.tv\"]",
        "server.secret_key (bakuhantam.toml:2) is empty while cluster.nodes names nodes: write what `openssl rand -base64 32` \
         prints, the same on every node, or name a file that holds it by server.secret_key_file",
    ),
    (
        "[server]\nsecret_key_file = \"/nowhere/key\"",
        "server.secret_key_file (bakuhantam.toml:2) names \"/nowhere/key\", which cannot be read (No such file or directory (os \
         error 2)): write the path of a readable file",
    ),
    (
        "[database]\nurl = \"mysql://root:secret@h/d\"",
        "database.url (bakuhantam.toml:2) begins with neither sqlite:// nor postgres://: write \"sqlite://data/bakuhantam.db\" or \
         \"postgres://USER:PASSWORD@HOST/DATABASE\"",
    ),
    (
        "[database]\nurl = \"sqlite://\"",
        "database.url (bakuhantam.toml:2) names no file: write \"sqlite://data/bakuhantam.db\" or \
         \"postgres://USER:PASSWORD@HOST/DATABASE\"",
    ),
    ("[database]\npool_size = 0", "database.pool_size (bakuhantam.toml:2) cannot be 0: write 1 or more"),
    (
        "[ingest]\ntls_cert = \"c.pem\"",
        "ingest.tls_cert (bakuhantam.toml:2) is given without ingest.tls_key: give both, or neither for plain RTMP",
    ),
    (
        "[ingest]\nenabled = true\nlisten = \"127.0.0.1:8080\"",
        "ingest.listen (bakuhantam.toml:3) is 127.0.0.1:8080, as server.listen is: write another port",
    ),
    ("[encoder]\nsegment_seconds = 11", "encoder.segment_seconds (bakuhantam.toml:2) cannot be 11: write 1 to 10"),
    (
        "[encoder]\npreset = \"fastest\"",
        "encoder.preset (bakuhantam.toml:2) cannot be \"fastest\": write one of ultrafast, superfast, veryfast, faster, fast, \
         medium, slow, slower, veryslow",
    ),
    (
        "[encoder]\nrenditions = []",
        "encoder.renditions (bakuhantam.toml:2) is empty: write at least one [[encoder.renditions]], or leave it out for 720p, \
         480p and 360p",
    ),
    ("[uploader]\nconcurrency = 0", "uploader.concurrency (bakuhantam.toml:2) cannot be 0: write 1 to 256"),
    (
        "[uploader]\nlive_window_segments = 2",
        "uploader.live_window_segments (bakuhantam.toml:2) cannot be 2: write 3 to 1000",
    ),
    (
        "[uploader]\nsegment_deadline_ms = 1999",
        "uploader.segment_deadline_ms (bakuhantam.toml:2) cannot be 1999: write 2000 or more, the length of one segment \
         (encoder.segment_seconds)",
    ),
    (
        "[objects]\nkind = \"s3\"",
        "objects.s3.endpoint (bakuhantam.toml:1) is empty while objects.kind is \"s3\": write it, such as \"https://ACCOUNT.r2.cloudflarestorage.com\"",
    ),
    (
        "[objects]\nkind = \"s3\"\n[objects.s3]\nendpoint = \"https://a.tv\"\nbucket = \"\"",
        "objects.s3.bucket (bakuhantam.toml:5) is empty while objects.kind is \"s3\": write it, such as \"bakuhantam\"",
    ),
    (
        "[objects]\nkind = \"s3\"\n[objects.s3]\nendpoint = \"https://a.tv\"\nbucket = \"https://a.tv/b\"\n\
         access_key_id = \"a\"\nsecret_access_key = \"hush\"",
        "objects.s3.bucket (bakuhantam.toml:5) cannot be \"https://a.tv/b\": write the bucket's name alone, 3 to 63 of a-z, 0-9, \
         dash and dot, such as \"bakuhantam\"",
    ),
    (
        "[server]\ndata_dir = \"/srv/bh\"\n[objects]\nfolder = \"/srv\"",
        "objects.folder (bakuhantam.toml:4) is \"/srv\", which would make server.data_dir public: write a folder that holds \
         nothing else",
    ),
];

/// A rendition that may be, with one line replaced.
fn rendition(line: &str) -> String {
    let key = line.split(' ').next().unwrap();
    let lines = ["name = \"x\"", "height = 720", "fps = 30", "level = \"3.1\"", "bitrate_kbps = 3000"];
    let more = ["maxrate_kbps = 3500", "bufsize_kbps = 6000", "audio_kbps = 128"];
    let lines = lines.iter().chain(&more).map(|other| if other.starts_with(key) { line } else { *other });
    format!("[[encoder.renditions]]\n{}\n", lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn renditions_that_no_phone_could_play_are_refused() {
    accepted(&rendition("name = \"x\""), &[]);
    let at = |line: usize, field: &str| format!("encoder.renditions[0].{field} (bakuhantam.toml:{line}) ");
    for (line, sentence) in [
        ("fps = 0", at(4, "fps") + "cannot be 0: write 1 to 60"),
        ("height = 721", at(3, "height") + "cannot be 721: write an even number"),
        ("level = \"31\"", at(5, "level") + "cannot be \"31\": write an H.264 level such as \"3.1\""),
        (
            "fps = 60",
            at(5, "level") + "is \"3.1\", too low for 1280x720 at 60 frames and 3500 kbit/s: write \"3.2\" or higher",
        ),
        ("maxrate_kbps = 2000", at(7, "maxrate_kbps") + "is 2000, less than bitrate_kbps 3000: write 3000 or more"),
        ("audio_kbps = 0", at(9, "audio_kbps") + "cannot be 0: write 16 to 512"),
        ("name = \"72 0p\"", at(2, "name") + "is refused: \"72 0p\" is not a rendition's name: 1 to 16 of a-z and 0-9"),
    ] {
        assert_eq!(refused(&rendition(line), &[]), sentence);
    }
    let twice = rendition("name = \"x\"") + &rendition("name = \"x\"");
    assert_eq!(
        refused(&twice, &[]),
        "encoder.renditions[1].name (bakuhantam.toml:11) is \"x\" a second time: give each rendition a name of its own"
    );
}

#[test]
fn wrong_variables_are_answered_with_their_own_name() {
    for (name, value, sentence) in [
        (
            "BAKUHANTAM__UPLOADER__CONCURENCY",
            "1",
            "uploader.concurency (BAKUHANTAM__UPLOADER__CONCURENCY) is not a setting: write BAKUHANTAM__UPLOADER__CONCURRENCY",
        ),
        (
            "BAKUHANTAM__UPLOADER__CONCURRENCY",
            "many",
            "uploader.concurrency (BAKUHANTAM__UPLOADER__CONCURRENCY) is the text \"many\" and must be a whole number: write \
             digits without quotes, such as 8",
        ),
        (
            "BAKUHANTAM__SERVER",
            "x",
            "server (BAKUHANTAM__SERVER) is a section: set one of its keys, such as BAKUHANTAM__SERVER__DATA_DIR",
        ),
        (
            "BAKUHANTAM__ENCODER__RENDITIONS__7__FPS",
            "30",
            "encoder.renditions (BAKUHANTAM__ENCODER__RENDITIONS__7__FPS) has no place 7: write a number from 0 to 3",
        ),
        (
            "BAKUHANTAM__DATABASE__URL",
            "postgres://u:p@[h/d",
            "database.url (BAKUHANTAM__DATABASE__URL) is not an address (characters such as @ / # in the password are written as \
             %40 %2F %23): write \"sqlite://data/bakuhantam.db\" or \"postgres://USER:PASSWORD@HOST/DATABASE\"",
        ),
    ] {
        assert_eq!(refused("", &[(name, value)]), sentence);
    }
}

//! Random JSON near the shape of a pod: only fields that views hold and fields that no type has.

/// What a field takes.
enum Shape {
    Text,
    Bool,
    Int32,
    Int64,
    Map,
    List(&'static Self),
    Object(&'static [(&'static str, Self)]),
    /// A volume source: any object.
    Source,
}

use Shape::{Bool, Int32, Int64, List, Map, Object, Source, Text};

const PROFILE: &[(&str, Shape)] = &[("type", Text), ("localhostProfile", Text)];
const SE_LINUX: &[(&str, Shape)] = &[("user", Text), ("role", Text), ("type", Text)];
const WINDOWS: &[(&str, Shape)] = &[("hostProcess", Bool)];
const HOST: &[(&str, Shape)] = &[("host", Text)];
const HANDLER: &[(&str, Shape)] = &[("httpGet", Object(HOST)), ("tcpSocket", Object(HOST))];
const LIFECYCLE: &[(&str, Shape)] = &[("postStart", Object(HANDLER)), ("preStop", Object(HANDLER))];
const CAPABILITIES: &[(&str, Shape)] = &[("add", List(&Text)), ("drop", List(&Text))];
const SECURITY_CONTEXT: &[(&str, Shape)] = &[
    ("privileged", Bool),
    ("allowPrivilegeEscalation", Bool),
    ("capabilities", Object(CAPABILITIES)),
    ("procMount", Text),
    ("runAsNonRoot", Bool),
    ("runAsUser", Int64),
    ("seccompProfile", Object(PROFILE)),
    ("appArmorProfile", Object(PROFILE)),
    ("seLinuxOptions", Object(SE_LINUX)),
    ("windowsOptions", Object(WINDOWS)),
];
const PORT: &[(&str, Shape)] = &[("containerPort", Int32), ("hostPort", Int32)];
const CONTAINER: &[(&str, Shape)] = &[
    ("name", Text),
    ("ports", List(&Object(PORT))),
    ("securityContext", Object(SECURITY_CONTEXT)),
    ("livenessProbe", Object(HANDLER)),
    ("readinessProbe", Object(HANDLER)),
    ("startupProbe", Object(HANDLER)),
    ("lifecycle", Object(LIFECYCLE)),
];
const VOLUME: &[(&str, Shape)] = &[
    ("name", Text),
    ("hostPath", Source),
    ("emptyDir", Source),
    ("image", Source),
    ("storageos", Source),
    ("configMap", Source),
    ("gcePersistentDisk", Source),
    ("downwardAPI", Source),
    ("scaleIO", Source),
    ("csi", Source),
];
const POD_SECURITY_CONTEXT: &[(&str, Shape)] = &[
    ("runAsNonRoot", Bool),
    ("runAsUser", Int64),
    ("seccompProfile", Object(PROFILE)),
    ("appArmorProfile", Object(PROFILE)),
    ("seLinuxOptions", Object(SE_LINUX)),
    ("windowsOptions", Object(WINDOWS)),
    ("sysctls", List(&Object(&[("name", Text)]))),
];
const SPEC: &[(&str, Shape)] = &[
    ("os", Object(&[("name", Text)])),
    ("hostNetwork", Bool),
    ("hostPID", Bool),
    ("hostIPC", Bool),
    ("hostUsers", Bool),
    ("runtimeClassName", Text),
    ("securityContext", Object(POD_SECURITY_CONTEXT)),
    ("initContainers", List(&Object(CONTAINER))),
    ("containers", List(&Object(CONTAINER))),
    ("ephemeralContainers", List(&Object(CONTAINER))),
    ("volumes", List(&Object(VOLUME))),
];
const POD: &[(&str, Shape)] = &[
    ("metadata", Object(&[("name", Text), ("namespace", Text), ("annotations", Map)])),
    ("spec", Object(SPEC)),
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "linux",
    "windows",
    "ALL",
    "NET_BIND_SERVICE",
    "RuntimeDefault",
    "\u{e9}",
    "\u{1f600}x",
    "a\"b\\c\n",
    "\u{7f}\u{0}",
    "container.apparmor.security.beta.kubernetes.io/app",
];
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "80",
    "65535",
    "-1",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "9223372036854775807",
    "-9223372036854775808",
];
/// Refused for integers, fine elsewhere.
const ODD_NUMBERS: &[&str] =
    &["1.0", "1e0", "1E+2", "0.5", "-0.0", "9223372036854775808", "1e999", "123456789012345678901234567890"];
/// Refused everywhere.
const NOT_NUMBERS: &[&str] = &["01", "+1", "1.", ".5", "1e", "-", "NaN", "0x1"];

/// A generator of pseudo-random numbers (`SplitMix64`) that writes a document.
struct Random {
    state: u64,
    out: Vec<u8>,
}

/// The document with this number.
pub(crate) fn document(number: u64) -> Vec<u8> {
    let mut random = Random { state: number.wrapping_mul(0x9e37_79b9_7f4a_7c15), out: Vec::new() };
    random.space();
    random.object(POD, true);
    random.space();
    if random.one_in(6) {
        random.damage();
    }
    random.out
}

impl Random {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn space(&mut self) {
        if self.one_in(12) {
            let space = self.pick(&[" ", "\n", "\t", "\r", "  \n "]);
            self.put(space);
        }
    }

    fn value(&mut self, shape: &Shape, may_repeat: bool) {
        self.space();
        match self.below(120) {
            0..=5 => return self.put("null"),
            6 => return self.anything(2),
            _ => {}
        }
        match shape {
            Text => {
                let text = self.pick(TEXTS);
                self.string(text);
            }
            Bool => {
                let literal = self.pick(&["true", "false"]);
                self.put(literal);
            }
            Int32 | Int64 => {
                let few = if matches!(shape, Int32) { 7 } else { NUMBERS.len() };
                let literal = match self.below(100) {
                    0 => self.pick(ODD_NUMBERS),
                    1 => self.pick(NUMBERS),
                    _ => self.pick(&NUMBERS[..few]),
                };
                self.put(literal);
            }
            Map => self.pairs(|random| {
                let key = random.pick(TEXTS);
                random.key(key);
                random.value(&Text, false);
            }),
            List(item) => {
                self.put("[");
                for i in 0..self.below(4) {
                    if i > 0 {
                        self.put(",");
                    }
                    self.value(item, may_repeat);
                    self.space();
                }
                self.put("]");
            }
            Object(fields) => self.object(fields, may_repeat),
            Source => {
                let inner = self.pick(&["{}", "{ }", "{\"notAField\":[{\"a\":null}]}"]);
                self.put(inner);
            }
        }
    }

    /// An object with some of the fields. A field is repeated at most once on the way down from the root: Go's
    /// decoder remembers what a list held before it was cut, the view does not.
    fn object(&mut self, fields: &[(&str, Shape)], may_repeat: bool) {
        let density = 1 + self.below(4);
        let mut order: Vec<(usize, bool)> = Vec::new();
        for field in 0..fields.len() {
            if self.one_in(density) {
                let repeated = may_repeat && self.one_in(12);
                let copies = if repeated { 2 } else { 1 };
                for _ in 0..copies {
                    let at = self.below(order.len() + 1);
                    order.insert(at, (field, !repeated && may_repeat));
                }
            }
        }
        let mut order = order.into_iter();
        let mut left = order.len();
        self.put("{");
        while left > 0 {
            if self.one_in(15) {
                self.unknown(fields);
            } else {
                left -= 1;
                let (field, may_repeat) = order.next().expect("counted");
                let (name, shape) = &fields[field];
                self.key(name);
                self.value(shape, may_repeat);
            }
            self.space();
            if left > 0 {
                self.put(",");
            }
        }
        self.put("}");
    }

    /// Some pairs of an object whose keys have no shape.
    fn pairs(&mut self, mut pair: impl FnMut(&mut Self)) {
        self.put("{");
        let small = self.below(4);
        let count = if self.one_in(20) { 40 } else { small };
        for i in 0..count {
            if i > 0 {
                self.put(",");
            }
            pair(self);
            self.space();
        }
        self.put("}");
    }

    /// A field that the type does not have: another name, or one that differs in case.
    fn unknown(&mut self, fields: &[(&str, Shape)]) {
        let name = match self.below(4) {
            0 => fields[self.below(fields.len())].0.to_uppercase(),
            1 => format!("{} ", fields[self.below(fields.len())].0),
            2 => String::new(),
            _ => "notAField".to_owned(),
        };
        // `_` cannot be in a name: an upper-case one of a single case would be the field itself.
        self.key(&format!("{name}_"));
        self.space();
        self.anything(3);
    }

    fn key(&mut self, name: &str) {
        self.space();
        self.string(name);
        self.space();
        self.put(":");
    }

    /// A string, at times with escapes that it does not need, surrogates without a partner and bytes that are not UTF-8.
    fn string(&mut self, text: &str) {
        let escape = self.one_in(30);
        self.put("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => self.put(&format!("\\{c}")),
                '\n' if self.one_in(2) => self.put("\\n"),
                c if u32::from(c) < 0x20 || (escape && self.one_in(3)) => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        let hex =
                            if self.one_in(2) { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") };
                        self.put(&hex);
                    }
                }
                c => self.put(c.encode_utf8(&mut [0; 4])),
            }
        }
        if self.one_in(150) {
            let odd = self.pick(&[
                &b"\\ud800"[..],
                b"\\udc00\\ud800",
                b"\\ud83d\\ude00",
                b"\\ud83dx",
                b"\\ud83d\\u0041",
                b"\xff",
                b"\xe2\x82",
                b"\xed\xa0\x80",
                b"\xf4\x90\x80\x80",
                b"\\/",
                b"\\b\\f\\r\\t",
                b"\xc0\x80",
                b"\xf0\x9f\x98",
            ]);
            self.out.extend_from_slice(odd);
        }
        self.put("\"");
    }

    /// Any value; no field is viewed in it.
    fn anything(&mut self, depth: usize) {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => {
                let text = self.pick(TEXTS);
                self.string(text);
            }
            1 => {
                let literal = self.pick(&["true", "false", "null"]);
                self.put(literal);
            }
            2 => {
                let literal = self.pick(NUMBERS);
                self.put(literal);
            }
            3 => {
                let literal = self.pick(ODD_NUMBERS);
                self.put(literal);
            }
            4 if self.one_in(10) => {
                let literal = self.pick(NOT_NUMBERS);
                self.put(literal);
            }
            4 | 5 => {
                self.put("[");
                for i in 0..self.below(3) {
                    if i > 0 {
                        self.put(",");
                    }
                    self.anything(depth.saturating_sub(1));
                }
                self.put("]");
            }
            _ => self.pairs(|random| {
                random.key("notAField");
                random.anything(depth.saturating_sub(1));
            }),
        }
    }

    /// Changes some bytes.
    fn damage(&mut self) {
        for _ in 0..=self.below(2) {
            let at = self.below(self.out.len());
            match self.below(5) {
                0 => drop(self.out.remove(at)),
                1 => self.out.truncate(at + 1),
                2 => self.out.push(b'}'),
                _ => {
                    let byte = self.pick(b"{}[]\",:\\0-.eE+ntf /*'#\x00\x1f\x7f\x80\xff \n");
                    if self.one_in(2) {
                        self.out[at] = byte;
                    } else {
                        self.out.insert(at, byte);
                    }
                }
            }
        }
    }
}

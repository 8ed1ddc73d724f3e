//! The kinds with pods: `Deployment`, `StatefulSet`, `CronJob`.

use super::{App, Random, Text};

/// How many of an application's documents have pods.
pub(super) const KINDS: usize = 3;

/// How much a workload's author knew about security contexts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// The restricted level passes.
    Restricted,
    /// Some of the four basics are there.
    Partial,
    /// Nothing was set.
    None,
}

pub(super) fn deployment(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "apps/v1", "Deployment", &app.name);
    text.lines(
        0,
        &format!(
            "spec:
  replicas: {}
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 0
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/component: server
      annotations:
        prometheus.io/scrape: \"true\"
        prometheus.io/port: '{port}'
    spec:",
            1 + random.below(5),
            name = app.name,
            port = app.port
        ),
    );
    pod(text, 6, app, random, "server");
}

pub(super) fn stateful_set(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "apps/v1", "StatefulSet", &format!("{}-store", app.name));
    text.lines(
        0,
        &format!(
            "spec:
  serviceName: {name}-store
  replicas: 3
  podManagementPolicy: Parallel
  selector:
    matchLabels: {{app.kubernetes.io/name: {name}-store}}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: {name}-store}}
    spec:",
            name = app.name
        ),
    );
    pod(text, 6, app, random, "store");
    text.lines(
        2,
        &format!(
            "volumeClaimTemplates:
- metadata:
    name: data
  spec:
    accessModes: [\"ReadWriteOnce\"]
    storageClassName: fast-ssd
    resources:
      requests:
        storage: {}Gi",
            10 * (1 + random.below(20))
        ),
    );
}

pub(super) fn cron_job(text: &mut Text, app: &App, random: &mut Random) {
    text.head(app, "batch/v1", "CronJob", &format!("{}-cleanup", app.name));
    text.lines(
        0,
        &format!(
            "spec:
  schedule: \"{} {} * * *\"
  concurrencyPolicy: Forbid
  successfulJobsHistoryLimit: 1
  jobTemplate:
    spec:
      backoffLimit: 2
      template:
        spec:
          restartPolicy: OnFailure",
            random.below(60),
            random.below(24)
        ),
    );
    pod(text, 10, app, random, "cleanup");
}

/// The fields of a pod.
fn pod(text: &mut Text, indent: usize, app: &App, random: &mut Random, role: &str) {
    let care = match random.below(100) {
        0..34 => Care::Restricted,
        34..40 => Care::Partial,
        _ => Care::None,
    };
    let host = care == Care::None;
    text.lines(indent, &format!("serviceAccountName: {}", app.name));
    if host && random.chance(3) {
        text.lines(indent, "hostNetwork: true\ndnsPolicy: ClusterFirstWithHostNet");
    }
    match care {
        Care::Restricted => text.lines(
            indent,
            "automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault",
        ),
        Care::Partial => text.lines(indent, "securityContext:\n  runAsNonRoot: true"),
        Care::None => {}
    }
    if random.chance(15) {
        text.lines(indent, "initContainers:");
        text.lines(
            indent,
            &format!(
                "- name: migrate
  image: {}:1.{}
  command: ['/bin/migrate', \"--to=latest\"]",
                app.image,
                random.below(40)
            ),
        );
        security_context(text, indent + 2, care, random);
    }
    text.lines(indent, "containers:");
    container(text, indent, app, random, role, care);
    if random.chance(20) {
        text.lines(
            indent,
            &format!(
                "- name: metrics
  image: \"registry.example.com/platform/exporter:2.{}\"
  args: [--port, '9102']
  ports:
  - name: metrics
    containerPort: 9102
  resources:
    limits: {{memory: 64Mi}}",
                random.below(9)
            ),
        );
        security_context(text, indent + 2, care, random);
    }
    text.lines(
        indent,
        &format!(
            "volumes:
- name: config
  configMap:
    name: {}
    defaultMode: 0440
- name: tmp
  emptyDir:
    sizeLimit: 256Mi",
            app.name
        ),
    );
    if host && random.chance(5) {
        let path = random.pick(&["/var/log", "/var/run/docker.sock", "/etc/ssl/certs", "/"]);
        text.lines(indent, &format!("- name: host\n  hostPath:\n    path: {path}"));
    }
    if random.chance(35) {
        text.lines(
            indent,
            &format!(
                "affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchExpressions:
          - key: app.kubernetes.io/name
            operator: In
            values:
            - {}",
                app.name
            ),
        );
    }
    if random.chance(20) {
        text.lines(
            indent,
            "tolerations:\n- key: \"dedicated\"\n  operator: Equal\n  value: batch\n  effect: NoSchedule",
        );
    }
}

/// The main container.
fn container(text: &mut Text, indent: usize, app: &App, random: &mut Random, role: &str, care: Care) {
    let tag = if random.chance(30) {
        "latest".to_owned()
    } else {
        format!("1.{}.{}", random.below(40), random.below(9))
    };
    text.lines(
        indent,
        &format!(
            "- name: {role}
  image: {image}-{role}:{tag}
  imagePullPolicy: IfNotPresent
  args:
  - --listen=:{port}
  - \"--log-level=info\"
  - '--config=/etc/{name}/config.yaml'
  env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: LOG_FORMAT
    value: json
  - name: HTTP_PROXY
    value: \"http://proxy.example.com:3128\"
  - name: MAX_CONNECTIONS
    value: \"{connections}\"
  - name: DATABASE_URL
    valueFrom:
      secretKeyRef:
        name: {name}-credentials
        key: database-url
  ports:
  - name: http
    containerPort: {port}",
            image = app.image,
            port = app.port,
            name = app.name,
            connections = 100 + random.below(900)
        ),
    );
    if care == Care::None && random.chance(3) {
        text.lines(indent + 4, &format!("hostPort: {}", app.port));
    }
    if random.chance(35) {
        text.lines(
            indent + 2,
            "livenessProbe:
  httpGet: {path: /healthz, port: http}
  initialDelaySeconds: 10
  periodSeconds: 15
readinessProbe:
  httpGet:
    path: /ready
    port: http
  failureThreshold: 3",
        );
    }
    if random.chance(70) {
        text.lines(
            indent + 2,
            &format!(
                "resources:
  requests:
    cpu: {}m # measured in March
    memory: {}Mi
  limits:
    memory: 512Mi",
                50 * (1 + random.below(10)),
                64 * (1 + random.below(6))
            ),
        );
    }
    security_context(text, indent + 2, care, random);
    text.lines(
        indent + 2,
        &format!(
            "volumeMounts:
- name: config
  mountPath: /etc/{}
  readOnly: true
- {{name: tmp, mountPath: /tmp}}",
            app.name
        ),
    );
}

/// A container's security context.
fn security_context(text: &mut Text, indent: usize, care: Care, random: &mut Random) {
    match care {
        Care::Restricted if random.chance(50) => text.lines(
            indent,
            "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [\"ALL\"]}}",
        ),
        Care::Restricted => text.lines(
            indent,
            "securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
    - ALL",
        ),
        Care::Partial => text.lines(indent, "securityContext:\n  allowPrivilegeEscalation: false"),
        Care::None => match random.below(100) {
            0..3 => text.lines(indent, "securityContext:\n  privileged: true # the old agent needs it"),
            3..6 => {
                text.lines(indent, "securityContext:\n  capabilities:\n    add: [\"NET_ADMIN\", 'SYS_TIME']");
            }
            _ => {}
        },
    }
}

//! The names by which pods and namespaces speak to the injector. They are
//! interface: renaming one breaks what people have written.

/// What every label and annotation begins with.
pub(crate) const PREFIX: &str = "countersign.dev/";

/// Label of a pod, or annotation of a namespace: which sidecar.
pub(crate) const INJECT: &str = "countersign.dev/inject";

/// Label of a namespace: whether its pods are looked at.
pub(crate) const INJECTION: &str = "countersign.dev/injection";

/// Annotation that the injector leaves on a pod.
pub(crate) const STATUS: &str = "countersign.dev/status";

/// The port that only a guard declares, so that a Service which names it as its
/// `targetPort` reaches no pod without one.
pub(crate) const GUARDED_PORT: &str = "countersign";

/// The program in the image.
pub(crate) const PROGRAM: &str = "/countersign";

/// The volume with the files of the sidecar.
pub(crate) const FILES_VOLUME: &str = "countersign";

/// The empty volume that stands where the service-account token would.
pub(crate) const NO_TOKEN_VOLUME: &str = "countersign-no-token";

/// Where the files are in the sidecar; the image's working directory too.
pub(crate) const FILES_ROOT: &str = "/etc/countersign";

/// Where the state volume is in the sidecar.
pub(crate) const STATE_ROOT: &str = "/var/lib/countersign";

/// Where the kubelet's token would be.
pub(crate) const TOKEN_ROOT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

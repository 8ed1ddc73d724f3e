//! To which Helm chart a file belongs.

use std::path::Path;
use std::sync::Arc;

use crate::{display, openable};

/// The file that makes a directory a chart.
pub(crate) const FILE: &str = "Chart.yaml";

fn is_chart(directory: &Path) -> bool {
    openable(directory).join(FILE).is_file()
}

/// The chart to render for the files of the chart at `directory`, which lies in the chart `outer`: a dependency under
/// `charts/` is rendered with the chart that it is vendored into.
pub(crate) fn enter(outer: Option<&Arc<str>>, directory: &Path) -> Arc<str> {
    let vendored = directory.parent().and_then(Path::file_name).is_some_and(|name| name == "charts");
    match outer {
        Some(outer) if vendored => Arc::clone(outer),
        _ => display(directory).into(),
    }
}

/// The chart that a file or directory named on the command line lies in: the nearest chart around a directory
/// `templates` of its path.
pub(crate) fn around(path: &Path) -> Option<Arc<str>> {
    path.ancestors()
        .filter(|a| a.file_name().is_some_and(|name| name == "templates"))
        .filter_map(Path::parent)
        .find(|directory| is_chart(directory))
        .map(|directory| display(directory).into())
}

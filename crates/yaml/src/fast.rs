//! The fast reader: the subset of YAML that manifests use.

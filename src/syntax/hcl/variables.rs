//! Files of variables, and which file gives a variable its value.
//!
//! Terraform, "Input Variables", "Variable Definition Precedence": `terraform.tfvars`, then `*.auto.tfvars` in the order of
//! their names, then the files that are named on the command line; the later wins.

/// Reports whether a file is read with the others of its folder: configuration, or values of variables.
pub fn is_module_file(name: &str) -> bool {
    ends_with(name, ".tf") || is_variables(name)
}

/// Reports whether a file gives values to variables.
pub fn is_variables(name: &str) -> bool {
    ends_with(name, ".tfvars")
}

/// Reports whether Terraform reads a file of variables without being told to.
pub fn is_loaded_by_itself(name: &str) -> bool {
    ends_with(name, ".auto.tfvars") || file_name(name) == "terraform.tfvars"
}

/// The order in which files of variables are read: the later wins.
pub(super) fn rank(name: &str) -> (u8, &str) {
    match (file_name(name), is_loaded_by_itself(name)) {
        ("terraform.tfvars", _) => (0, ""),
        (name, true) => (1, name),
        // Files that are named stay in the order in which they are given.
        (_, false) => (2, ""),
    }
}

/// Reports whether the name of a file ends like this and is more than that.
pub fn ends_with(name: &str, end: &str) -> bool {
    file_name(name).strip_suffix(end).is_some_and(|stem| !stem.is_empty())
}

fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_variables_are_told_by_their_names() {
        assert!(is_module_file("a/main.tf") && is_module_file("prod.tfvars") && !is_module_file("a.tf.json"));
        assert!(is_loaded_by_itself("a/terraform.tfvars") && is_loaded_by_itself("x.auto.tfvars"));
        assert!(!is_loaded_by_itself("prod.tfvars") && !is_loaded_by_itself(".auto.tfvars"));
        let mut names = ["b.auto.tfvars", "z.tfvars", "terraform.tfvars", "a.auto.tfvars", "y.tfvars"];
        names.sort_by_key(|name| rank(name));
        assert_eq!(names, ["terraform.tfvars", "a.auto.tfvars", "b.auto.tfvars", "z.tfvars", "y.tfvars"]);
    }
}

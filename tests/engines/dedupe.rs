//! Duplicates are recognised by what several receivers share.

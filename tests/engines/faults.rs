//! Events cross an engine once each, whatever fails.

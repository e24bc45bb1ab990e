//! Fourth verb: at most one offer, and only where it cannot hurt.

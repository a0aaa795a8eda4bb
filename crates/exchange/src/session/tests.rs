//! What a session refuses, from inside: limits that no test could reach by use.

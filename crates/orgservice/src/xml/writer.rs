//! Text of XML, piece by piece into one buffer.

"""What an answer says: headers, challenges, ranges, certificates. Pure."""

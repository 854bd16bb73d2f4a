"""What a program asks for, checked before anything is sent. No network."""

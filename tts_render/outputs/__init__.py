"""What is published beside the MP3, all of it from one timeline."""

//! The RTMP door with FFmpeg as its publisher, and with clients that mean no good. What the door hands to an encoder
//! is written to files, one per run, and read by ffprobe.

mod client;
mod house;
mod refusals;
mod relay;
mod strangers;

//! Who may send a picture: the RTMP door, and the hook of a media server in front.

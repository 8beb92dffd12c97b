"""What logtriage tells of itself: runs and parts of jobs come in; metrics, spans, log lines and its health go out."""

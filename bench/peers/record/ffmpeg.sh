#!/bin/sh
# Use: ffmpeg.sh FOLDER. H.264 by its usual software encoder and usual settings.
exec ffmpeg -nostdin -loglevel error -f x11grab -framerate 10 -i "$DISPLAY" -c:v libx264 -pix_fmt yuv420p "$1/screen.mp4"

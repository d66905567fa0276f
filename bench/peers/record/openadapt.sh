#!/bin/sh
# Use: openadapt.sh BIN FOLDER. As its readme has it: video, input and windows.
export OPENADAPT_FFMPEG_PATH=/usr/bin/ffmpeg OPENADAPT_FFPROBE_PATH=/usr/bin/ffprobe PATH="$1:$PATH"
exec "$1/capture" record "$2/recording" --description bench

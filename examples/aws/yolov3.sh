#!/bin/sh
# The supervisor has fetched the video to INPUT_FILE_PATH, and puts what lies in TMP_OUTPUT_DIR back into the space.
set -e
name=$(basename "$INPUT_FILE_PATH")
cd /opt/darknet
./darknet detector demo cfg/coco.data cfg/yolov3.cfg yolov3.weights "$INPUT_FILE_PATH" \
  -out_filename "$TMP_OUTPUT_DIR/${name%.*}.avi" -dont_show

#!/bin/sh
# Builds and runs the consumer in the current directory with nothing but a compiler and pkg-config.
set -eu
source=$(dirname "$0")/../consumer.cpp
# shellcheck disable=SC2046 # pkg-config prints several words.
${CXX:-c++} -std=c++20 "$source" $(pkg-config --cflags --libs reprise) -o consumer
./consumer

{
  "targets": [
    {
      "target_name": "packet",
      "sources": ["packet.c", "memory.c"],
      "include_dirs": ["<!(node -p \"require('node-api-headers').include_dir\")"],
      "defines": ["NAPI_VERSION=8"],
      "cflags": ["-std=gnu11", "-O2", "-Wall", "-Wextra"]
    }
  ]
}

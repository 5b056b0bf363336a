"""What Coldpress costs, beside its peers and beside the limit: `make bench`."""

"""One module for each wire protocol, which tells its paths for the models that are served."""

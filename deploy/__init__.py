"""Installation on a host: the scripts that supervisord runs, and the modules behind them."""

"""What puts Signalbox on a host: scripts that supervisord runs, and the modules behind them."""

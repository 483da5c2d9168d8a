"""Questions behind an explanation: what else the model would say, how firm its reasons are, and for whom they hold."""

// AleaReport

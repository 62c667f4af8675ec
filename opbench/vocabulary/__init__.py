"""operator backend case sweep record limit interval settings report block"""

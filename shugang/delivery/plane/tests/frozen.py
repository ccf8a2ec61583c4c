"""The last thing that the process loads from which planes are forked (`forked`): what was loaded before stays, so no plane's
collector walks through it again."""

import gc

gc.collect()
gc.freeze()
